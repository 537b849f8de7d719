import { expiryOf, knownEnd } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import { providerTitle } from '../../domain/providers.ts';
import { nextTriggerAt, reminderDates } from '../../domain/reminder-triggers.ts';
import { currentOf, type Token } from '../../domain/token.ts';
import { listDestinations } from '../../provisioning/destinations.ts';
import type { AuditRow } from '../../store/audit/chain.ts';
import { newestAuditRows } from '../../store/audit/read.ts';
import { lastCheck } from '../../store/profiles/token-checks.ts';
import { type Reminder, remindersOf } from '../../store/reminders/reminders.ts';
import { plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';

/** An event in the history of a profile's token. */
export interface TimelineEntry {
  /** Epoch milliseconds. */
  at: number;
  title: string;
  detail: string | null;
  tone: 'valid' | 'note' | 'expiring' | 'expired' | 'rejected';
  /** In the future. */
  ahead: boolean;
}

/** Limited so that events of one kind do not hide the others. */
const maxOfEachKind = 5;

/** Past and future events of a profile's current token, oldest first. `tokens` are sorted newest first. */
export async function timelineOf(vault: Vault, profile: Profile, tokens: Token[]): Promise<TimelineEntry[]> {
  const { db } = vault;
  const now = vault.now();
  const current = currentOf(tokens);
  const entries: Omit<TimelineEntry, 'ahead'>[] = tokens
    .filter(({ state }) => state === 'current' || state === 'previous')
    .slice(0, maxOfEachKind)
    .map((token) => capturedEntry(token, token === current));
  if (current !== null) {
    const rows = await remindersOf(db, current.id);
    const shown = rows
      .filter(({ state }) => state === 'sent' || state === 'failed')
      .slice(-3 * maxOfEachKind);
    entries.push(
      ...shown.map(reminderEntry),
      ...(await checkEntries(vault, current)),
      ...endEntries(vault, profile, current),
    );
  }
  const tests = await newestAuditRows(db, { profile: profile.name, action: 'test' }, maxOfEachKind);
  entries.push(...tests.map(testEntry));
  for (const { installedAt, appName, provider, method } of await listDestinations(vault, profile.name)) {
    if (installedAt === null) continue;
    const title = `Sent to ${providerTitle(provider)}`;
    const detail = `${appName}${method === 'manual' ? ', manually' : ''}`;
    entries.push({ at: Date.parse(installedAt), title, detail, tone: 'valid' });
  }
  return entries
    .map((entry) => ({ ...entry, ahead: entry.at > now }))
    .sort((one, other) => one.at - other.at);
}

function capturedEntry(token: Token, current: boolean): Omit<TimelineEntry, 'ahead'> {
  const who = token.account?.email ?? token.account?.displayName;
  return {
    at: token.capturedAt,
    title: current ? 'Token captured' : 'Previous token captured',
    detail: who === undefined ? null : `${who} signed in.`,
    tone: 'note',
  };
}

function testEntry({ time, outcome }: AuditRow): Omit<TimelineEntry, 'ahead'> {
  return outcome === 'ok'
    ? { at: time, title: 'Tested', detail: 'All checks passed.', tone: 'valid' }
    : { at: time, title: 'Tested', detail: `Failed: ${outcome}.`, tone: 'rejected' };
}

const channelLabels: Record<string, string> = {
  mail: 'by mail',
  webhook: 'to the webhook',
  desktop: 'on this desktop',
};

function reminderEntry({
  trigger,
  channel,
  state,
  changedAt,
  sentAt,
  error,
}: Reminder): Omit<TimelineEntry, 'ahead'> {
  const sent = state === 'sent';
  return {
    at: sentAt ?? changedAt,
    title: sent
      ? `Reminder sent ${channelLabels[channel] ?? `by ${channel}`}`
      : `A reminder ${channelLabels[channel] ?? `by ${channel}`} could not be delivered`,
    detail: sent
      ? `${triggerLabels(trigger)}${error === null ? '' : ` But ${error}.`}`
      : (error ?? triggerLabels(trigger)),
    tone: sent ? 'note' : 'rejected',
  };
}

/** The event that a reminder announces. */
export function triggerLabels(trigger: string): string {
  if (trigger === 'expired') return 'The token has expired.';
  if (trigger === 'rejected') return 'Webex rejects the token.';
  if (trigger === 'renewed') return 'The organization has a new token.';
  if (trigger === 'hook-failed') return 'The renewal hook failed.';
  if (trigger.startsWith('quarantine')) return 'Entra ID has quarantined provisioning.';
  return trigger === '0' ? 'Less than a day left.' : `${plural(Number(trigger), 'day')} left.`;
}

async function checkEntries({ db }: Vault, token: Token): Promise<Omit<TimelineEntry, 'ahead'>[]> {
  const entries: Omit<TimelineEntry, 'ahead'>[] = [];
  const check = await lastCheck(db, token.id);
  const checkedAt = check?.checkedAt ?? null;
  if (check !== null && checkedAt !== null) {
    const ok = check.outcome === 'ok';
    const detail = ok ? 'Webex accepts the token.' : `Result: ${check.outcome}.`;
    entries.push({ at: checkedAt, title: 'Daily check', detail, tone: ok ? 'valid' : 'expiring' });
  }
  const { verifiedAt, rejectedAt } = token;
  if (verifiedAt !== null && verifiedAt !== checkedAt) {
    entries.push({ at: verifiedAt, title: 'Webex accepted the token', detail: null, tone: 'valid' });
  }
  if (rejectedAt !== null) {
    entries.push({ at: rejectedAt, title: 'Webex rejected the token', detail: null, tone: 'rejected' });
  }
  return entries;
}

/** When an earlier token that a destination still uses expires, the next reminder, and when the token expires. */
function endEntries(
  { settings, now }: Vault,
  profile: Profile,
  token: Token,
): Omit<TimelineEntry, 'ahead'>[] {
  const { expiresAt } = expiryOf(token.lifetimes);
  if (knownEnd(expiresAt) === null) return [];
  const { capturedAt, rejectedAt } = token;
  const dates = reminderDates({ capturedAt, expiresAt, rejectedAt }, profile, now());
  const next = nextTriggerAt(dates, settings.reminders.days, now());
  const over = expiresAt <= now();
  const endOfEarlier = dates.expiresAt < expiresAt ? knownEnd(dates.expiresAt) : null;
  return [
    ...(next !== null && next < dates.expiresAt
      ? [{ at: next, title: 'Next reminder', detail: null, tone: 'note' as const }]
      : []),
    ...(endOfEarlier === null
      ? []
      : [
          {
            at: endOfEarlier,
            title: endOfEarlier <= now() ? 'Earlier token expired' : 'Earlier token expires',
            detail: 'A destination still uses it. Update the destination.',
            tone: 'expiring' as const,
          },
        ]),
    {
      at: expiresAt,
      title: over ? 'Expired' : 'Expires',
      detail: over ? null : 'Renew the token before this date.',
      tone: over ? 'expired' : 'expiring',
    },
  ];
}
