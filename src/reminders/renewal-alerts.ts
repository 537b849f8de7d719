import { dayMs } from '../domain/lifetimes.ts';
import { profileTitle } from '../domain/profile.ts';
import { commandLine } from '../errors/remedy.ts';
import {
  type FailingHook,
  failingHooks,
  type UnsentActivation,
  unsentActivations,
} from '../store/profiles/activations.ts';
import { profileById } from '../store/profiles/profiles.ts';
import { tokenById } from '../store/profiles/tokens.ts';
import type { StoreContext } from '../vault/context.ts';
import type { Alert, AlertSource } from './alert.ts';
import { formatInstant } from './date-text.ts';
import { senderFact } from './instructions.ts';
import { dataOf, factsOf, messageId, type ReminderMessage } from './message.ts';

/** For how long a program that could not be reached still gets the event of a renewal. Milliseconds. */
const maxEventAgeMs = 7 * dayMs;

/** How many events one run sends by default. The next run sends the rest. */
const maxEvents = 1_000;

/** Events about new tokens, only for programs, and about failing renewal hooks, for everyone. */
export function renewalAlertSource(
  context: StoreContext,
  { timeZone, limit = maxEvents }: { timeZone?: string; limit?: number } = {},
): AlertSource {
  return {
    currentAlerts: async () => [
      ...(await renewedAlerts(context, limit, timeZone)),
      ...(await hookAlerts(context, timeZone)),
    ],
  };
}

async function renewedAlerts(
  context: StoreContext,
  limit: number,
  timeZone: string | undefined,
): Promise<Alert[]> {
  const activations = await unsentActivations(context.db, {
    since: context.now() - maxEventAgeMs,
    channel: 'webhook',
    trigger: 'renewed',
    limit,
  });
  return activations.map((activation) => ({
    tokenId: activation.tokenId,
    trigger: 'renewed',
    destinationId: null,
    forPrograms: true,
    eventAt: activation.activatedAt,
    message: () => renewedMessage(context, activation, timeZone),
  }));
}

async function renewedMessage(
  { db, now }: StoreContext,
  { tokenId, profileId, activatedAt }: UnsentActivation,
  timeZone: string | undefined,
): Promise<ReminderMessage> {
  const profile = await profileById(db, profileId);
  const token = await requireToken(db, tokenId);
  const { name } = profile;
  const title = profileTitle(profile);
  return {
    id: messageId(tokenId, { trigger: 'renewed', eventAt: activatedAt }),
    trigger: 'renewed',
    organization: title,
    subject: `New Webex token for ${title}`,
    summary: `Since ${formatInstant(activatedAt, timeZone).full}, ${title} has a new current token.`,
    action: `Programs that keep the token in memory have to fetch it again: ${commandLine(['get', name])}`,
    shortAction: `Fetch it: ${commandLine(['get', name])}`,
    facts: [...factsOf(profile, token), senderFact()],
    contact: null,
    data: dataOf(profile, token, now()),
  };
}

/** One alert for each series of failures. A series starts with the first failure after a success. */
async function hookAlerts(context: StoreContext, timeZone: string | undefined): Promise<Alert[]> {
  if (context.settings.renewalHook === null) return [];
  return (await failingHooks(context.db)).map((failing) => ({
    tokenId: failing.tokenId,
    trigger: 'hook-failed',
    destinationId: null,
    eventAt: failing.status.failingSince ?? 0,
    message: () => hookMessage(context, failing, timeZone),
  }));
}

async function hookMessage(
  { db, settings, now }: StoreContext,
  { profileId, tokenId, status }: FailingHook,
  timeZone: string | undefined,
): Promise<ReminderMessage> {
  const profile = await profileById(db, profileId);
  const token = await requireToken(db, tokenId);
  const { name } = profile;
  const title = profileTitle(profile);
  const failingSince = status.failingSince ?? now();
  const at = (instant: number) => formatInstant(instant, timeZone).full;
  return {
    id: messageId(tokenId, { trigger: 'hook-failed', eventAt: failingSince }),
    trigger: 'hook-failed',
    organization: title,
    subject: `Fix the renewal hook for ${title}: it failed`,
    summary: `${title} has a new Webex token, but the program that runs after a renewal failed, so the programs that it notifies may still use the previous token. It is tried again at increasing intervals. Until it succeeds, restart those programs yourself before the previous token expires.`,
    action: `Fix ${settings.renewalHook ?? 'the program'}. To see when it is tried again, run "${commandLine(['show', name])}".`,
    shortAction: `Fix the renewal hook: ${commandLine(['show', name])}`,
    facts: [
      ...factsOf(profile, token),
      { title: 'Program', value: settings.renewalHook ?? 'unknown' },
      { title: 'Error', value: status.error ?? 'unknown' },
      { title: 'Failing since', value: at(failingSince) },
      ...(status.nextAt === null ? [] : [{ title: 'Tried again', value: at(status.nextAt) }]),
      senderFact(),
    ],
    contact: profile.contact,
    data: {
      ...dataOf(profile, token, now()),
      hook: { error: status.error ?? 'unknown', failingSince: formatInstant(failingSince).iso },
    },
  };
}

async function requireToken(db: StoreContext['db'], id: string) {
  const token = await tokenById(db, id);
  if (token === null) throw new Error('the token was removed in the meantime');
  return token;
}
