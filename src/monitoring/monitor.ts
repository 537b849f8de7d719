import { quarantinedDestinations } from '../store/destinations.ts';
import { findProfile, profileById } from '../store/profiles/profiles.ts';
import { type ProfilePage, queryProfiles } from '../store/profiles/query.ts';
import type { StatusTotals } from '../store/profiles/status-totals.ts';
import { currentTokensOf } from '../store/profiles/tokens.ts';
import type { StoreContext } from '../vault/context.ts';
import {
  type MonitoredQuarantine,
  type MonitorReport,
  type MonitorState,
  monitored,
  type ProfileHealth,
  worstState,
} from './nagios.ts';

/** The most profiles to list: monitoring systems truncate long output. */
const maxListed = 50;

/**
 * The state of all profiles, or of all with a tag. Lists the most urgent ones; the others are only counted, so that the cost does
 * not grow with their number.
 */
export async function monitorAll(
  records: StoreContext,
  withinDays: number,
  tag?: string,
): Promise<MonitorReport> {
  const { db } = records;
  const at = records.now();
  const { rows, totals } = await queryProfiles(db, {
    sort: 'urgency',
    limit: maxListed,
    now: at,
    withinDays,
    tag,
  });
  // Undelivered profiles are first in order of urgency, and must not hide those that no longer work.
  const broken = totals.undelivered === 0 ? [] : await brokenProfiles(records, at, tag);
  const ids = new Set(broken.map(({ profile }) => profile.id));
  const found = [...broken, ...rows.filter(({ profile }) => !ids.has(profile.id))];
  const quarantines = await quarantinesOf(records, { tag });
  const paged = found.map(({ profile, current }) =>
    monitored(profile, current, { now: at, withinDays }, quarantines.get(profile.id)),
  );
  const unlisted = [...quarantines.keys()].filter((id) => !found.some(({ profile }) => profile.id === id));
  const quarantined: ProfileHealth[] = [];
  for (const id of unlisted.slice(0, maxListed)) {
    const [current = null] = await currentTokensOf(db, [id]);
    const profile = await profileById(db, id);
    quarantined.push(monitored(profile, current, { now: at, withinDays }, quarantines.get(id)));
  }
  const empty = totals.empty === 0 ? [] : await emptyProfiles(records, at, tag);
  const listed = [...quarantined, ...paged];
  return {
    state: worstState([...listed.map(({ state }) => state), worstOf(totals)]),
    profiles: [...listed, ...empty.filter(({ profile }) => !listed.some((it) => it.profile === profile))],
    total: totals.all,
    withinDays,
  };
}

/** The most urgent profiles whose token has expired or was rejected. */
async function brokenProfiles({ db }: StoreContext, now: number, tag?: string): Promise<ProfilePage['rows']> {
  const pages = [];
  for (const status of ['rejected', 'expired'] as const)
    pages.push(await queryProfiles(db, { status, sort: 'urgency', limit: maxListed, now, tag }));
  return pages.flatMap(({ rows }) => rows).slice(0, maxListed);
}

/** The quarantines that the last status checks found, by the profile's ID. If a profile has several, the earliest. */
async function quarantinesOf(
  { db }: StoreContext,
  filter: { tag?: string | undefined; profileIds?: string[] },
): Promise<Map<string, MonitoredQuarantine>> {
  const found = new Map<string, MonitoredQuarantine>();
  for (const { destination, quarantinedSince: since } of await quarantinedDestinations(db, filter)) {
    const known = found.get(destination.profileId);
    if (known === undefined || since < known.since)
      found.set(destination.profileId, { app: destination.appName, since });
  }
  return found;
}

/** Profiles without a token. They are last in order of urgency, so the first page rarely includes them. */
async function emptyProfiles({ db }: StoreContext, now: number, tag?: string): Promise<ProfileHealth[]> {
  const { rows } = await queryProfiles(db, { status: 'empty', sort: 'name', limit: 10, now, tag });
  return rows.map(({ profile }) => monitored(profile, null, { now, withinDays: 0 }));
}

function worstOf({ expired, rejected, undelivered, expiring, empty, valid }: StatusTotals): MonitorState {
  if (expired + rejected > 0) return 'CRITICAL';
  if (undelivered + expiring > 0) return 'WARNING';
  return empty > 0 || valid === 0 ? 'UNKNOWN' : 'OK';
}

/** The state of the named profiles. A name without a profile is UNKNOWN. */
export async function monitorNamed(
  records: StoreContext,
  names: readonly string[],
  withinDays: number,
): Promise<MonitorReport> {
  const { db } = records;
  const at = records.now();
  const profiles: ProfileHealth[] = [];
  for (const name of new Set(names)) {
    const profile = await findProfile(db, name);
    if (profile === null) {
      profiles.push({
        profile: name,
        displayName: null,
        state: 'UNKNOWN',
        summary: 'does not exist',
        daysLeft: null,
        expiresAt: null,
        effectiveExpiresAt: null,
        quarantine: null,
        finding: null,
      });
      continue;
    }
    const [current] = await currentTokensOf(db, [profile.id]);
    const quarantine = (await quarantinesOf(records, { profileIds: [profile.id] })).get(profile.id);
    profiles.push(monitored(profile, current ?? null, { now: at, withinDays }, quarantine));
  }
  profiles.sort((a, b) => (a.daysLeft ?? Infinity) - (b.daysLeft ?? Infinity));
  return {
    state: worstState(profiles.map(({ state }) => state)),
    profiles,
    total: profiles.length,
    withinDays,
  };
}
