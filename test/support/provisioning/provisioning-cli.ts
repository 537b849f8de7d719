import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import type { SimulatedToken } from '../../../src/simulator/webex/tokens.ts';
import { type Machine, machine } from '../cli/cli-process.ts';
import { storeTokenOn } from '../cli/store-token.ts';
import { simulated } from '../test-simulator.ts';

export interface ProvisioningMachine extends Machine {
  simulator: Simulator;
  /** The token of the profile "acme". */
  token: SimulatedToken;
}

/** The settings of an application that signs in to Entra ID, and of an API token of Okta. */
export function providerEnvironment({ entra, okta }: Simulator): NodeJS.ProcessEnv {
  return {
    ...entraAddresses(entra),
    AZURE_TENANT_ID: entra.directory.tenantId,
    AZURE_CLIENT_ID: entra.client.clientId,
    AZURE_CLIENT_SECRET: entra.client.secret,
    OKTA_CLIENT_ORGURL: okta.orgUrl,
    OKTA_CLIENT_TOKEN: okta.apiToken,
  };
}

export function entraAddresses({ endpoints }: Simulator['entra']): NodeJS.ProcessEnv {
  return { WEBEX_TOKEN_GRAPH_URL: endpoints.graph, WEBEX_TOKEN_ENTRA_LOGIN_URL: endpoints.login };
}

/** A new machine with a token in the profile "acme", and simulated providers. */
export async function provisioningMachine(
  environment: (simulator: Simulator) => NodeJS.ProcessEnv = providerEnvironment,
  options: SimulatorOptions = {},
): Promise<ProvisioningMachine> {
  const simulator = await simulated(options);
  const made = await machine(simulator, environment(simulator));
  const token = await storeToken({ ...made, simulator });
  return { ...made, simulator, token };
}

/** Gives the profile "acme" a new token. */
export async function storeToken({
  simulator,
  environment,
}: Pick<ProvisioningMachine, 'simulator' | 'environment'>): Promise<SimulatedToken> {
  const token = simulator.issueToken('full-admin');
  await storeTokenOn({ environment }, token.accessToken);
  return token;
}

/** The Secret Token in Entra ID, or `none`. */
export function secretIn(app: Simulator['entra']['app']): string {
  return app.secrets.get('SecretToken') ?? 'none';
}
