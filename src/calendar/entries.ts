import { knownEnd } from '../domain/lifetimes.ts';
import { nextTurn } from '../next-turn.ts';
import { type StoredEntry, saveEntries, storedEntries } from '../store/access/calendar-entries.ts';
import { iterateProfiles } from '../store/profiles/query.ts';
import { currentTokensOf } from '../store/profiles/tokens.ts';
import type { StoreContext } from '../vault/context.ts';
import { requireProfile } from '../vault/profiles/profiles.ts';
import { type CalendarEntry, calendarEvent, calendarFrame, entryDigest, entryInstant } from './calendar.ts';

/** Entries that are written in one turn of the event loop. */
const batchSize = 50;

/**
 * An iCalendar file in pieces, with the named profiles, or all if none is named; leaves out profiles without a token. Stores a
 * digest of each entry, so that SEQUENCE, DTSTAMP and LAST-MODIFIED increase only when its content changes. Throws
 * `E_NO_PROFILE` before the first piece.
 */
export async function* calendarPieces(
  records: StoreContext,
  names: readonly string[] = [],
): AsyncGenerator<string> {
  const { days } = records.settings.reminders;
  const { head, foot } = calendarFrame();
  let isStarted = false;
  for await (const entries of entriesOf(records, names)) {
    const changed = await changedAt(records, entries);
    const events = entries.map((entry) =>
      calendarEvent(entry, days, changed.get(entry.profile.id) ?? records.now()),
    );
    yield (isStarted ? '' : head) + events.join('');
    isStarted = true;
    await nextTurn();
  }
  yield (isStarted ? '' : head) + foot;
}

async function* entriesOf(records: StoreContext, names: readonly string[]): AsyncGenerator<CalendarEntry[]> {
  if (names.length === 0) {
    for await (const page of iterateProfiles(records.db, {}, records.now())) {
      const entries = page.flatMap(({ profile, current }) =>
        current === null || !hasKnownEnd({ profile, token: current }) ? [] : [{ profile, token: current }],
      );
      for (let at = 0; at < entries.length; at += batchSize) yield entries.slice(at, at + batchSize);
    }
    return;
  }
  const entries: CalendarEntry[] = [];
  for (const name of new Set(names)) {
    const profile = await requireProfile(records, name);
    const [token] = await currentTokensOf(records.db, [profile.id]);
    if (token !== undefined && hasKnownEnd({ profile, token })) entries.push({ profile, token });
  }
  if (entries.length > 0) yield entries;
}

/** A token whose expiry is unknown has no place in a calendar. */
function hasKnownEnd(entry: CalendarEntry): boolean {
  return knownEnd(entryInstant(entry)) !== null;
}

/** When the content of each entry last changed, by the profile's ID. Never earlier than what was reported before. */
async function changedAt(
  { db, settings, now }: StoreContext,
  entries: readonly CalendarEntry[],
): Promise<Map<string, number>> {
  const stored = await storedEntries(
    db,
    entries.map(({ profile }) => profile.id),
  );
  const changes: StoredEntry[] = [];
  for (const entry of entries) {
    const profileId = entry.profile.id;
    const digest = entryDigest(entry, settings.reminders.days);
    const before = stored.get(profileId);
    if (before?.digest === digest) continue;
    // At least a second later, even if the clock was set back: SEQUENCE counts seconds.
    changes.push({ profileId, digest, changedAt: Math.max(now(), (before?.changedAt ?? 0) + 1000) });
  }
  await saveEntries(db, changes);
  return new Map([...stored.values(), ...changes].map((each) => [each.profileId, each.changedAt]));
}
