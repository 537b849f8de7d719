import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import type { Deployment } from '../../src/webex/deployments.ts';
import { documentedClientId } from '../../src/webex/documented-values.ts';
import { atEnd } from './for-file.ts';

/** A simulator that is closed after the test. */
export async function simulated(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  simulator.entra.settings.deviceCodeInterval = 0.01;
  atEnd(() => simulator.close());
  return simulator;
}

/** The documented sign-in address at the simulated broker; a parameter set to null is left out. */
export function authorizeAt(
  simulator: Simulator,
  changes: Record<string, string | null> = {},
  deployment: Deployment = 'commercial',
): string {
  const parameters = {
    response_type: 'token',
    client_id: documentedClientId,
    redirect_uri: 'http://localhost:3000/auth/code',
    scope: 'spark:people_read spark:people_write Identity:SCIM',
    state: 'fake state+1',
    ...changes,
  };
  const url = new URL(`${simulator.endpoints[deployment].idbroker}/oauth2/v1/authorize`);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url.href;
}

export function bearing(accessToken: string): { authorization: string } {
  return { authorization: `Bearer ${accessToken}` };
}

/** The parameters in the fragment of a redirect URL. */
export function fragmentOf(url: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(new URL(url).hash.slice(1)));
}
