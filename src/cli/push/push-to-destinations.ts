import { type DestinationView, listDestinations, outdatedMessages } from '../../provisioning/destinations.ts';
import { isEntraCloud } from '../../provisioning/entra/clouds.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { note, reportError, suggestNext, warn } from '../terminal/terminal.ts';
import { runEntraPush, runOktaPush } from './run-push.ts';

/**
 * After a new token: says where the one before it is still in use, or, with `push`, replaces it there. One place that
 * fails does not keep the others from getting theirs. Returns the exit code.
 */
export async function pushToDestinations(
  vault: Vault,
  profile: string,
  actor: Actor,
  push: boolean,
): Promise<number> {
  const places = await listDestinations(vault, profile);
  if (!push) {
    for (const sentence of outdatedMessages(profile, places)) warn(sentence);
    if (places.length === 0) suggestNext(['push', 'entra', profile]);
    return 0;
  }
  if (places.length === 0) {
    warn(
      `"${profile}" does not remember a provisioning tool yet. Hand the token over once, with "webex-token push entra ${profile}" or "webex-token push okta ${profile}".`,
    );
  }
  let code = 0;
  for (const place of places) {
    try {
      await replace(vault, profile, actor, place);
    } catch (error) {
      reportError(error);
      code ||= exitCodeOf(error);
    }
  }
  return code;
}

async function replace(vault: Vault, profile: string, actor: Actor, place: DestinationView): Promise<void> {
  const app = place.app === '' ? undefined : place.app;
  if (place.tool === 'okta') {
    note(`Handing it to Okta ("${place.appName}"):`);
    await runOktaPush(vault, profile, actor, { app }, false);
    return;
  }
  note(`Handing it to Entra ID ("${place.appName}"):`);
  const cloud = isEntraCloud(place.cloud) ? place.cloud : undefined;
  await runEntraPush(vault, profile, actor, { app, cloud }, false);
}
