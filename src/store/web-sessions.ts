import type { Db } from './store.ts';

/** A browser session's data, or null where it is unknown or over. */
export async function findWebSession(db: Db, idHash: string, now: number): Promise<string | null> {
  const row = await db
    .selectFrom('web_session')
    .select('data')
    .where('id_hash', '=', idHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row?.data ?? null;
}

export async function saveWebSession(db: Db, idHash: string, data: string, expiresAt: number): Promise<void> {
  await db
    .insertInto('web_session')
    .values({ id_hash: idHash, data, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('id_hash').doUpdateSet({ data, expires_at: expiresAt }))
    .execute();
}

export async function deleteWebSession(db: Db, idHash: string): Promise<void> {
  await db.deleteFrom('web_session').where('id_hash', '=', idHash).execute();
}

export async function deleteOldWebSessions(db: Db, now: number): Promise<void> {
  await db.deleteFrom('web_session').where('expires_at', '<=', now).execute();
}
