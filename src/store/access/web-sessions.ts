import type { Db } from '../db.ts';
import { authenticRow } from '../integrity/authentic-rows.ts';
import { changing, inTransaction, removing } from '../integrity/changes.ts';

/**
 * The data of a browser session; null if it is unknown, has expired, or ends after `latestEnd`: that one was created while the
 * clock was ahead, and would last too long. Throws `E_INTEGRITY` if another program wrote it.
 */
export async function findWebSession(
  db: Db,
  idHash: string,
  now: number,
  latestEnd: number,
): Promise<string | null> {
  const row = await authenticRow(db, 'session', () =>
    db
      .selectFrom('web_session')
      .selectAll()
      .where('id_hash', '=', idHash)
      .where('expires_at', '>', now)
      .where('expires_at', '<=', latestEnd)
      .executeTakeFirst(),
  );
  return row?.data ?? null;
}

export async function saveWebSession(db: Db, idHash: string, data: string, expiresAt: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    await changing(trx, 'session', [idHash]);
    await trx
      .insertInto('web_session')
      .values({ id_hash: idHash, data, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('id_hash').doUpdateSet({ data, expires_at: expiresAt }))
      .execute();
  });
}

export async function deleteWebSession(db: Db, idHash: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await removing(trx, 'session', [idHash]);
    await trx.deleteFrom('web_session').where('id_hash', '=', idHash).execute();
  });
}

export async function deleteOldWebSessions(db: Db, now: number): Promise<void> {
  const old = await db.selectFrom('web_session').select('id_hash').where('expires_at', '<=', now).execute();
  for (const { id_hash } of old) await deleteWebSession(db, id_hash);
}
