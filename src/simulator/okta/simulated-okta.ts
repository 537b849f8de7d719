import { randomBytes } from 'node:crypto';
import express from 'express';
import type { ToolRequest } from '../entra/simulated-entra.ts';
import { Faults } from '../faults.ts';
import { listenOnLoopback } from '../listening-server.ts';
import { provisionUsers, scimRequest } from '../provisioning/scim-client.ts';
import { catalogName, oktaApi, type SimulatedOktaApp } from './okta-api.ts';
import { sendOktaError } from './okta-error.ts';
import { OktaLogin, type SimulatedServiceApp } from './okta-login.ts';

/** A simulated Okta organization: its token endpoint and management API. */
export interface SimulatedOkta {
  orgUrl: string;
  /** An API token with all permissions. */
  apiToken: string;
  apps: SimulatedOktaApp[];
  /** The Webex application that exists at the start. The connections API does not support it. */
  app: SimulatedOktaApp;
  addApp(changes?: Partial<SimulatedOktaApp>): SimulatedOktaApp;
  serviceApps: SimulatedServiceApp[];
  /** Provisions the assigned users to the application's address. Throws if the test of the credentials fails. */
  runCycle(app: SimulatedOktaApp): Promise<{ exported: number; failed: number }>;
  /** The requests so far, oldest first. */
  requests: ToolRequest[];
  faults: Faults;
  close(): Promise<void>;
}

export async function startSimulatedOkta(): Promise<SimulatedOkta> {
  const server = await listenOnLoopback(0);
  const apiToken = `fake-okta-api-token-${randomBytes(6).toString('hex')}`;
  const apps: SimulatedOktaApp[] = [];
  const addApp = (changes: Partial<SimulatedOktaApp> = {}): SimulatedOktaApp => {
    const app: SimulatedOktaApp = {
      id: `0oa${randomBytes(12).toString('hex').slice(0, 17)}`,
      name: catalogName,
      label: 'Cisco Webex',
      status: 'ACTIVE',
      served: false,
      connection: 'DISABLED',
      token: null,
      baseUrl: null,
      assigned: [],
      ...changes,
    };
    apps.push(app);
    return app;
  };
  const serviceApps: SimulatedServiceApp[] = [];
  const requests: ToolRequest[] = [];
  const faults = new Faults();
  const login = new OktaLogin({ origin: server.origin, apiTokens: new Set([apiToken]), serviceApps });
  const application = express().disable('x-powered-by');
  application.use((request, _response, next) => {
    requests.push({ method: request.method, path: request.path });
    next();
  });
  application.use(faults.middleware(null, sendOktaError));
  application.use(login.router());
  application.use('/api/v1', oktaApi(apps, login, server.origin));
  application.use((_request, response) => sendOktaError(response, 404));
  server.setListener(application);
  return {
    orgUrl: server.origin,
    apiToken,
    apps,
    app: addApp(),
    addApp,
    serviceApps,
    runCycle,
    requests,
    faults,
    close: () => server.close(),
  };
}

async function runCycle({
  baseUrl,
  token,
  assigned,
}: SimulatedOktaApp): Promise<{ exported: number; failed: number }> {
  if (baseUrl === null || token === null) throw new Error('The application has no address or no token.');
  const access = { baseAddress: baseUrl, bearer: token };
  const tested = await scimRequest(access, '/Users?count=2&startIndex=1');
  if (tested.status !== 200) throw new Error(`Test API Credentials failed (${tested.status}).`);
  return await provisionUsers(access, assigned);
}
