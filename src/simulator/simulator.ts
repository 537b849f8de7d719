import express from 'express';
import { type Deployment, deployments, type WebexEndpoints } from '../webex/deployments.ts';
import { type SimulatedEntra, startSimulatedEntra } from './entra/simulated-entra.ts';
import { Faults } from './faults.ts';
import { listenOnLoopback } from './listening-server.ts';
import { type SimulatedOkta, startSimulatedOkta } from './okta/simulated-okta.ts';
import { type RecordedRequest, recordRequests } from './request-log.ts';
import {
  type SimulatedAccount,
  type SimulatedOrganization,
  simulatedAccounts,
} from './webex/organizations.ts';
import type { WebexSettings } from './webex/settings.ts';
import type { SimulatedToken } from './webex/tokens.ts';
import { webexApp } from './webex/webex-app.ts';
import { type IssueOptions, WebexCloud } from './webex/webex-cloud.ts';

export interface SimulatorOptions {
  /** Returns epoch milliseconds. Default: the system clock. */
  now?: () => number;
  accounts?: SimulatedAccount[];
  /** Default: any free port. */
  commercialPort?: number;
  governmentPort?: number;
}

export interface Simulator {
  endpoints: Record<Deployment, WebexEndpoints>;
  accounts: SimulatedAccount[];
  organizations: SimulatedOrganization[];
  /** Settings for the behavior of the simulated Webex. They can be changed at any time. */
  settings: WebexSettings;
  /** The requests so far, oldest first. `requests.length = 0` clears the list. */
  requests: RecordedRequest[];
  faults: Faults;
  /** The simulated provisioning tools, each with its own request log and faults. */
  entra: SimulatedEntra;
  okta: SimulatedOkta;
  /** Issues a token without a sign-in. */
  issueToken(accountName: string, options?: IssueOptions): SimulatedToken;
  /** Revokes all tokens of this person, like "Reset Access" in Control Hub. */
  revoke(accountName: string, deployment?: Deployment): void;
  close(): Promise<void>;
}

/**
 * Starts the simulated Webex, one server on 127.0.0.1 for each deployment, and the simulated Entra ID and Okta, which send
 * real requests to it.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const now = options.now ?? Date.now;
  const cloud = new WebexCloud(options.accounts ?? simulatedAccounts, now);
  const requests: RecordedRequest[] = [];
  const faults = new Faults();
  const commercial = await listenOnLoopback(options.commercialPort ?? 0);
  const government = await listenOnLoopback(options.governmentPort ?? 0).catch(async (error) => {
    await commercial.close();
    throw error;
  });
  const servers = { commercial, government };
  const endpoints = {
    commercial: endpointsAt(servers.commercial.origin),
    government: endpointsAt(servers.government.origin),
  };

  for (const deployment of deployments) {
    const other = deployment === 'commercial' ? 'government' : 'commercial';
    const app = express();
    app.use(recordRequests(requests, { deployment, tokens: cloud.tokens, now }));
    app.use(faults.middleware(deployment));
    app.use(
      webexApp({
        deployment,
        accounts: cloud.accountsOf(deployment),
        tokens: cloud.tokens,
        directories: cloud.directories,
        settings: cloud.settings,
        issuers: { own: endpoints[deployment].idbroker, other: endpoints[other].idbroker },
      }),
    );
    servers[deployment].setListener(app);
  }

  const entra = await startSimulatedEntra({ now });
  const okta = await startSimulatedOkta();
  return {
    endpoints,
    entra,
    okta,
    accounts: cloud.accounts,
    organizations: cloud.organizations,
    settings: cloud.settings,
    requests,
    faults,
    issueToken: (accountName, issueOptions) => cloud.issueToken(accountName, issueOptions),
    revoke: (accountName, deployment) => cloud.tokens.revokeAll(cloud.account(accountName, deployment)),
    async close() {
      await Promise.all([
        servers.commercial.close(),
        servers.government.close(),
        entra.close(),
        okta.close(),
      ]);
    },
  };
}

function endpointsAt(origin: string): WebexEndpoints {
  return { idbroker: `${origin}/idb`, api: `${origin}/v1`, scim: `${origin}/v1/scim` };
}
