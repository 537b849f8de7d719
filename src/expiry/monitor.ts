import { pageOfProfiles, type StatusTotals } from '../store/profile-page.ts';
import { findProfile } from '../store/profiles.ts';
import { currentTokensOf } from '../store/tokens.ts';
import type { Records } from '../vault/vault.ts';
import { type Monitored, type MonitorReport, type MonitorState, monitored, worstState } from './nagios.ts';

/** No more profiles than these are named: monitoring systems cut long answers. */
const mostNamed = 50;

/** How all profiles stand, or all that are filed under a tag, the most urgent of them by name. What is held costs nothing but its count. */
export async function monitorAll(
  { db, now }: Records,
  withinDays: number,
  tag?: string,
): Promise<MonitorReport> {
  const at = now();
  const { rows, totals } = await pageOfProfiles(db, {
    sort: 'urgency',
    limit: mostNamed,
    now: at,
    withinDays,
    tag,
  });
  const profiles = rows.map(({ profile, current }) => monitored(profile, current, { now: at, withinDays }));
  const unnamed = totals.empty === 0 ? [] : await emptyProfiles(db, at, tag);
  return {
    state: worstOf(totals),
    profiles: [
      ...profiles,
      ...unnamed.filter(({ profile }) => !profiles.some((it) => it.profile === profile)),
    ],
    total: totals.all,
    withinDays,
  };
}

/** They stand at the end of the order, where the first page seldom reaches. */
async function emptyProfiles(db: Records['db'], now: number, tag?: string): Promise<Monitored[]> {
  const { rows } = await pageOfProfiles(db, { status: 'empty', sort: 'name', limit: 10, now, tag });
  return rows.map(({ profile }) => monitored(profile, null, { now, withinDays: 0 }));
}

function worstOf({ expired, rejected, expiring, empty, valid }: StatusTotals): MonitorState {
  if (expired + rejected > 0) return 'CRITICAL';
  if (expiring > 0) return 'WARNING';
  return empty > 0 || valid === 0 ? 'UNKNOWN' : 'OK';
}

/** How the profiles named stand. A name that there is no profile of is unknown. */
export async function monitorNamed(
  { db, now }: Records,
  names: readonly string[],
  withinDays: number,
): Promise<MonitorReport> {
  const at = now();
  const profiles = [];
  for (const name of new Set(names)) {
    const profile = await findProfile(db, name);
    if (profile === null) {
      const words = 'is not there';
      profiles.push({ profile: name, state: 'UNKNOWN' as const, words, daysLeft: null, expiresAt: null });
      continue;
    }
    const [current] = await currentTokensOf(db, [profile.id]);
    profiles.push(monitored(profile, current ?? null, { now: at, withinDays }));
  }
  profiles.sort((a, b) => (a.daysLeft ?? Infinity) - (b.daysLeft ?? Infinity));
  return {
    state: worstState(profiles.map(({ state }) => state)),
    profiles,
    total: profiles.length,
    withinDays,
  };
}
