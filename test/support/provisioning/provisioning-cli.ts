import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import type { SimulatedToken } from '../../../src/simulator/webex/tokens.ts';
import { type Machine, machine } from '../cli/cli-process.ts';
import { hold } from '../cli/store-token.ts';
import { simulated } from '../test-simulator.ts';

export interface HandoffMachine extends Machine {
  simulator: Simulator;
  /** What the profile "acme" holds. */
  token: SimulatedToken;
}

/** The environment in which Entra ID is signed in to by an application, and Okta by an API token. */
export function toolEnvironment({ entra, okta }: Simulator): NodeJS.ProcessEnv {
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

/** A fresh machine that holds a token as "acme", with simulated tools to hand it to. */
export async function handoffMachine(
  environment: (simulator: Simulator) => NodeJS.ProcessEnv = toolEnvironment,
  options: SimulatorOptions = {},
): Promise<HandoffMachine> {
  const simulator = await simulated(options);
  const made = await machine(simulator, environment(simulator));
  const token = await holdToken({ ...made, simulator });
  return { ...made, simulator, token };
}

/** Gives the profile "acme" a new token. */
export async function holdToken({
  simulator,
  environment,
}: Pick<HandoffMachine, 'simulator' | 'environment'>): Promise<SimulatedToken> {
  const token = simulator.issueToken('full-admin');
  await hold({ environment }, token.accessToken);
  return token;
}

/** What Entra ID has as Secret Token now: `old`, `new`, `none`, or another's. */
export function secretIn(app: Simulator['entra']['app']): string {
  return app.secrets.get('SecretToken') ?? 'none';
}
