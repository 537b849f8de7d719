import type { Db } from '../store.ts';

/** A value that the store keeps about itself, made and kept where there is none yet. */
export async function getOrCreateMeta(db: Db, key: string, make: () => string): Promise<string> {
  await db
    .insertInto('meta')
    .values({ key, value: make() })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirstOrThrow();
  return row.value;
}
