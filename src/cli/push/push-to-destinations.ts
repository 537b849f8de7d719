import { providerTitle } from '../../domain/providers.ts';
import { commandLine } from '../../errors/remedy.ts';
import {
  alwaysCurrentMessages,
  type DestinationView,
  listDestinations,
  outdatedMessages,
} from '../../provisioning/destinations.ts';
import { isEntraCloud } from '../../provisioning/entra/clouds.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { note, reportError, suggestNext, warn } from '../terminal/terminal.ts';
import { runPush } from './run-push.ts';

/**
 * Called after a profile got a new token. With `push`, updates the destinations that still use an earlier token; otherwise
 * warns about them. A destination that fails does not stop the others. Returns the exit code.
 */
export async function pushToDestinations(
  vault: Vault,
  profile: string,
  actor: Actor,
  push: boolean,
): Promise<number> {
  const destinations = await listDestinations(vault, profile);
  for (const message of alwaysCurrentMessages(destinations)) note(message);
  if (!push) {
    for (const message of outdatedMessages(profile, destinations)) warn(message);
    suggestNext(destinations.length === 0 ? ['push', 'entra', profile] : ['test', profile]);
    return 0;
  }
  if (destinations.length === 0) {
    warn(
      `"${profile}" has no destinations yet. Push the token once: ${commandLine(['push', 'entra', profile])}, or ${commandLine(['push', 'okta', profile])}.`,
    );
  }
  let code = 0;
  for (const destination of destinations.filter(({ via }) => via === 'token')) {
    try {
      await update(vault, profile, actor, destination);
    } catch (error) {
      reportError(error);
      code ||= exitCodeOf(error);
    }
  }
  return code;
}

async function update(
  vault: Vault,
  profile: string,
  actor: Actor,
  { provider, app, appName, cloud }: DestinationView,
): Promise<void> {
  note(`Sending the token to ${providerTitle(provider)} ("${appName}"):`);
  const options = {
    app: app === '' ? undefined : app,
    cloud: isEntraCloud(cloud) ? cloud : undefined,
  };
  await runPush(provider, vault, profile, actor, options, false);
}
