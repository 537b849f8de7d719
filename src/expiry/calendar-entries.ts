import { listProfiles } from '../store/profiles.ts';
import { currentTokensOf } from '../store/tokens.ts';
import { requireProfile } from '../vault/profiles.ts';
import type { Records } from '../vault/vault.ts';
import type { CalendarEntry } from './calendar.ts';

/** The profiles named, or all, those without a token left out. Throws `E_NO_PROFILE`. */
export async function calendarEntries(
  records: Records,
  names: readonly string[] = [],
): Promise<CalendarEntry[]> {
  if (names.length === 0) {
    const held = await listProfiles(records.db);
    return held.flatMap(({ profile, current }) => (current === null ? [] : [{ profile, token: current }]));
  }
  const entries: CalendarEntry[] = [];
  for (const name of new Set(names)) {
    const profile = await requireProfile(records, name);
    const [token] = await currentTokensOf(records.db, [profile.id]);
    if (token !== undefined) entries.push({ profile, token });
  }
  return entries;
}
