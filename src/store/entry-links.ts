import type { Db } from './store.ts';

export async function insertEntryLink(
  db: Db,
  linkHash: string,
  createdAt: number,
  expiresAt: number,
): Promise<void> {
  await db.deleteFrom('entry_link').where('expires_at', '<', createdAt).execute();
  await db
    .insertInto('entry_link')
    .values({ link_hash: linkHash, created_at: createdAt, expires_at: expiresAt, used_at: null })
    .execute();
}

/** Whether a one-time link waits to be used. */
export async function entryLinkWaits(db: Db, linkHash: string, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('entry_link')
    .select('link_hash')
    .where('link_hash', '=', linkHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses a one-time link up. False where there is none such, it was used, or its time is over. */
export async function useEntryLink(db: Db, linkHash: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('entry_link')
    .set({ used_at: now })
    .where('link_hash', '=', linkHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('link_hash')
    .executeTakeFirst();
  return row !== undefined;
}
