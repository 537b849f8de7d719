import { setTimeout as sleep } from 'node:timers/promises';
import { outboundFetch } from '../http/fetch.ts';
import { pushProfile } from '../provisioning/push/push-profile.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Vault } from '../vault/context.ts';

/** The organization whose users the simulated Entra ID provisions through the relay. Its token expires soon. */
export const relayedProfile = 'examples-gov';

/** Entra ID waits 40 minutes between two cycles, which is too long for a demonstration. Milliseconds. */
const pauseMs = 20_000;

const people = [
  'Amara Diallo',
  'Jonas Lindqvist',
  'Mei Tanaka',
  'Rafael Ortiz',
  'Sana Iqbal',
  'Tom Whitlock',
];

/**
 * Connects an application in the simulated Entra ID through the relay, and runs its cycles. In each of the first cycles, one user
 * is added. `report` gets a line for each cycle that changed something or failed. Ends when `signal` is aborted.
 */
export async function provisionThroughRelay(
  vault: Vault,
  { entra }: Simulator,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const app = entra.directory.addApp({ displayName: 'Webex for Examples' });
  const { tenantId } = entra.directory;
  const { clientId, secret: clientSecret } = entra.client;
  const settings = {
    ...vault.settings,
    entra: { ...vault.settings.entra, tenantId, clientId, clientSecret },
  };
  await pushProfile(
    'entra',
    { ...vault, settings },
    relayedProfile,
    { user: 'demonstration' },
    { via: 'relay', app: app.id, start: true },
    { fetch: outboundFetch, sleep: (milliseconds) => sleep(milliseconds), onEvent: () => {} },
  );
  report(
    `The simulated Entra ID provisions the users of "${relayedProfile}" through the relay, every ${pauseMs / 1000} seconds.`,
  );
  for (const name of people) {
    const mail = `${name.toLowerCase().replaceAll(' ', '.')}@examples.example`;
    entra.directory.addUser(mail, {
      displayName: name,
      assignments: [{ resourceId: app.id, principalType: 'User' }],
    });
    await cycle(name);
    if (await stopped()) return;
  }
  while (!(await stopped())) await cycle(null);

  async function cycle(name: string | null): Promise<void> {
    await entra.runCycle(app);
    const [job] = app.jobs;
    if (job?.lastExecution?.state === 'Failed') {
      report(`The simulated Entra ID could not provision: ${job.quarantine?.message ?? ''}`);
    } else if (name !== null) {
      report(`The simulated Entra ID created ${name} in Webex, through the relay.`);
    }
  }

  async function stopped(): Promise<boolean> {
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
    return signal.aborted;
  }
}
