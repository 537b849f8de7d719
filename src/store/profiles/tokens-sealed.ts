import { changing } from '../integrity/row-macs.ts';
import type { Db } from '../store.ts';

/** Sealed tokens of any state, in the order of their IDs. */
export async function sealedTokensAfter(
  db: Db,
  afterId: string,
  limit: number,
): Promise<{ id: string; profileId: string; sealed: string }[]> {
  return await db
    .selectFrom('token')
    .select(['id', 'profile_id as profileId', 'sealed'])
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The same token, sealed with another key, in the caller's transaction. Throws `E_INTEGRITY` where its row was changed from outside. */
export async function replaceCiphertext(db: Db, id: string, sealed: string): Promise<void> {
  await changing(db, 'token', [id]);
  await db.updateTable('token').set({ sealed }).where('id', '=', id).execute();
}

export async function countTokens(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('token')
    .select((expression) => expression.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
