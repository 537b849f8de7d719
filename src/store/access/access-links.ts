import { clockToleranceMs } from '../../domain/lifetimes.ts';
import type { Db } from '../db.ts';
import { authenticRow } from '../integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from '../integrity/changes.ts';

export async function insertAccessLink(
  db: Db,
  linkHash: string,
  createdAt: number,
  expiresAt: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const old = await trx
      .selectFrom('access_link')
      .select('link_hash')
      .where('expires_at', '<', createdAt)
      .execute();
    await removing(
      trx,
      'accessLink',
      old.map(({ link_hash }) => link_hash),
    );
    await trx.deleteFrom('access_link').where('expires_at', '<', createdAt).execute();
    created(trx, 'accessLink', [linkHash]);
    await trx
      .insertInto('access_link')
      .values({ link_hash: linkHash, created_at: createdAt, expires_at: expiresAt, used_at: null })
      .execute();
  });
}

/**
 * Whether a one-time link is unused and has not expired. One that was created while the clock was ahead, which would last too
 * long, has expired. Throws `E_INTEGRITY` if another program wrote it.
 */
export async function isAccessLinkPending(db: Db, linkHash: string, now: number): Promise<boolean> {
  const row = await authenticRow(db, 'accessLink', () =>
    db
      .selectFrom('access_link')
      .selectAll()
      .where('link_hash', '=', linkHash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .where('created_at', '<=', now + clockToleranceMs)
      .executeTakeFirst(),
  );
  return row !== undefined;
}

/** Marks a one-time link as used. False if it does not exist, was used or has expired. Throws `E_INTEGRITY`. */
export async function useAccessLink(db: Db, linkHash: string, now: number): Promise<boolean> {
  return await inTransaction(db, async (trx) => {
    if (!(await isAccessLinkPending(trx, linkHash, now))) return false;
    await changing(trx, 'accessLink', [linkHash]);
    const row = await trx
      .updateTable('access_link')
      .set({ used_at: now })
      .where('link_hash', '=', linkHash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .returning('link_hash')
      .executeTakeFirst();
    return row !== undefined;
  });
}
