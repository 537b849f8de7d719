import type { Db } from '../db.ts';

/** The digest of a profile's calendar entry, and when it last changed. */
export interface StoredEntry {
  profileId: string;
  digest: string;
  /** Epoch milliseconds. */
  changedAt: number;
}

/** The entries of these profiles as last published, by the profile's ID. */
export async function storedEntries(
  db: Db,
  profileIds: readonly string[],
): Promise<Map<string, StoredEntry>> {
  if (profileIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('calendar_entry')
    .select(['profile_id as profileId', 'digest', 'changed_at as changedAt'])
    .where('profile_id', 'in', profileIds)
    .execute();
  return new Map(rows.map((row) => [row.profileId, row]));
}

/** Stores some hundreds of entries in one statement. */
export async function saveEntries(db: Db, entries: readonly StoredEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await db
    .insertInto('calendar_entry')
    .values(
      entries.map(({ profileId, digest, changedAt }) => ({
        profile_id: profileId,
        digest,
        changed_at: changedAt,
      })),
    )
    .onConflict((conflict) =>
      conflict.column('profile_id').doUpdateSet((excluded) => ({
        digest: excluded.ref('excluded.digest'),
        changed_at: excluded.ref('excluded.changed_at'),
      })),
    )
    .execute();
}
