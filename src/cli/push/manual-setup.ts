import { commandLine } from '../../errors/remedy.ts';
import {
  type ManualSetup,
  ManualSetupRequiredError,
  setupLines,
} from '../../provisioning/push/manual-setup.ts';
import { offerAccess } from '../../provisioning/push/offer-access.ts';
import type { PushError } from '../../provisioning/push/push-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { note } from '../terminal/terminal.ts';

/**
 * The values that a person has to enter when a push cannot set them; null after any other failure. For the relay and the
 * token endpoint, registers the API client and prints the values. The secret is printed once, and only on a terminal.
 */
export async function manualSetupFor(
  vault: Vault,
  profile: string,
  { cause }: PushError,
  actor: Actor,
  dryRun: boolean,
): Promise<ManualSetup | null> {
  if (!(cause instanceof ManualSetupRequiredError)) return null;
  const { provider, via, app } = cause;
  if (via === 'token' || dryRun) return cause.manualSetup;
  const { client, secret, setup } = await offerAccess(vault, profile, { provider, via, app }, actor);
  for (const line of setupLines(setup)) note(line);
  if (process.stderr.isTTY) {
    note(`\n  The secret, which is not shown again: ${secret}\n`);
  } else {
    const rotate = commandLine(['client', 'rotate', client.name, '--overlap', '0']);
    note(`The secret is shown only on a terminal. To get a new one, run this on a terminal: ${rotate}`);
  }
  note('Once the application has connected, "webex-token show" reports it as always current.');
  return setup;
}
