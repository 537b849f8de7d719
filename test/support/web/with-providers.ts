import type { Settings } from '../../../src/config/settings.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { simulated } from '../test-simulator.ts';
import { actor, newVault, settingsWithKeys, today } from '../vault/test-vault.ts';
import { type Served, served } from './web-client.ts';

export interface ServedWithProviders extends Served {
  simulator: Simulator;
  /** Stores a new token for a profile, and returns its value. */
  storeToken(profile?: string, account?: string): Promise<string>;
}

/** The web app with a simulated Webex, Okta and Entra ID, where an application signs in unless `changes` say otherwise. */
export async function servedWithProviders(changes: Partial<Settings> = {}): Promise<ServedWithProviders> {
  const simulator = await simulated({ now: () => today });
  const { entra, okta } = simulator;
  const settings: Settings = {
    ...(await settingsWithKeys(simulator)),
    entra: {
      graphUrl: entra.endpoints.graph,
      loginUrl: entra.endpoints.login,
      tenantId: entra.directory.tenantId,
      clientId: entra.client.clientId,
      clientSecret: entra.client.secret,
      clientCertificatePath: null,
    },
    okta: { orgUrl: okta.orgUrl, token: okta.apiToken, clientId: null, privateKey: null, keyId: null },
    ...changes,
  };
  const vault = await newVault(simulator, { settings });
  return {
    ...(await served(simulator, { vault })),
    simulator,
    async storeToken(profile = 'acme', account = 'full-admin') {
      const { accessToken } = simulator.issueToken(account);
      await verifyToken(vault, await importToken(vault, { profile }, accessToken, actor), actor, true);
      return accessToken;
    },
  };
}
