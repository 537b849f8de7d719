import { expiryOf, knownEnd } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import { effectiveEndOf, statusOf } from '../domain/profile-status.ts';
import type { Token } from '../domain/token.ts';
import { nextTurn } from '../next-turn.ts';
import type { Db } from '../store/db.ts';
import { quarantineStatesOf } from '../store/destinations.ts';
import { readCounters } from '../store/meta/counters.ts';
import { iterateProfiles } from '../store/profiles/query.ts';
import { countByStatus } from '../store/profiles/status-totals.ts';
import type { StoreContext } from '../vault/context.ts';
import { prometheusContentType, Series } from './series.ts';

/**
 * The metrics for Prometheus. All of them are read from the store, so that every replica reports the same values and a
 * restart loses nothing.
 */
export async function metricsText({ db, now }: StoreContext): Promise<{ contentType: string; text: string }> {
  const at = now();
  const parts = [
    await profileSeries(db, at),
    await profileCounts(db, at),
    await reminderCounts(db),
    await checkCounts(db),
  ];
  return { contentType: prometheusContentType, text: parts.join('') };
}

/**
 * The metrics that have one series for each profile. Read page by page, because a hundred thousand profiles would take too
 * long for one turn of the event loop.
 */
async function profileSeries(db: Db, now: number): Promise<string> {
  const expiry = new Series(
    'gauge',
    'webex_token_expiry_timestamp_seconds',
    'When the current token of the profile expires, in seconds since 1970.',
  );
  const effective = new Series(
    'gauge',
    'webex_token_effective_expiry_timestamp_seconds',
    'The earliest end of any token of the profile that a destination still holds, in seconds since 1970. It differs from webex_token_expiry_timestamp_seconds if the profile was renewed but not delivered.',
  );
  const undelivered = new Series(
    'gauge',
    'webex_token_undelivered',
    '1 if the profile was renewed but a destination still holds an earlier token, otherwise 0.',
  );
  const valid = new Series(
    'gauge',
    'webex_token_valid',
    '1 if the current token of the profile has neither expired nor been rejected, otherwise 0.',
  );
  const quarantined = new Series(
    'gauge',
    'webex_token_quarantined',
    '1 if Entra ID has quarantined provisioning with the token of the profile, as of the last status check, otherwise 0. Absent if the status was never checked.',
  );
  for await (const page of iterateProfiles(db, {}, now)) {
    // Reading a page already takes one turn.
    await nextTurn();
    for (const each of page) addTokenSamples(each, now, { expiry, effective, undelivered, valid });
    const states = await quarantineStatesOf(
      db,
      page.map(({ profile }) => profile.id),
    );
    for (const { profile } of page) {
      const state = states.get(profile.id);
      if (state !== undefined) quarantined.add({ profile: profile.name }, state ? 1 : 0);
    }
    await nextTurn();
  }
  return [expiry, effective, undelivered, valid, quarantined].map((series) => series.text()).join('');
}

function addTokenSamples(
  { profile, current }: { profile: Profile; current: Token | null },
  now: number,
  series: Record<'expiry' | 'effective' | 'undelivered' | 'valid', Series>,
): void {
  const { name } = profile;
  const end = current && knownEnd(expiryOf(current.lifetimes).expiresAt);
  if (end !== null) series.expiry.add({ profile: name }, end / 1000);
  const effectiveEnd = current && knownEnd(effectiveEndOf(profile, current, now));
  if (effectiveEnd !== null) series.effective.add({ profile: name }, effectiveEnd / 1000);
  const status = statusOf(profile, current, now);
  series.undelivered.add({ profile: name }, status === 'undelivered' ? 1 : 0);
  series.valid.add({ profile: name }, ['valid', 'expiring', 'undelivered'].includes(status) ? 1 : 0);
}

async function profileCounts(db: Db, now: number): Promise<string> {
  const profiles = new Series('gauge', 'webex_token_profiles', 'Number of profiles by status.');
  const { all: _, ...counts } = await countByStatus(db, { now });
  for (const [status, count] of Object.entries(counts)) profiles.add({ status }, count);
  return profiles.text();
}

async function reminderCounts(db: Db): Promise<string> {
  const reminders = new Series(
    'counter',
    'webex_token_reminders_total',
    'Number of reminders by channel and delivery outcome.',
  );
  for (const { label, value } of await readCounters(db, 'reminders')) {
    const [channel = '', outcome = ''] = label.split(' ');
    reminders.add({ channel, outcome }, value);
  }
  return reminders.text();
}

async function checkCounts(db: Db): Promise<string> {
  const checks = new Series(
    'counter',
    'webex_token_checks_total',
    'Number of daily checks with Webex by outcome.',
  );
  for (const { label, value } of await readCounters(db, 'checks')) checks.add({ outcome: label }, value);
  return checks.text();
}
