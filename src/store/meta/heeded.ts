import type { Db } from '../store.ts';

/** What the store last took heed of under a name, and what it is to be from now on. Null where it is new. */
export async function swapMeta(db: Db, key: string, value: string): Promise<string | null> {
  const before = await getMeta(db, key);
  if (before === value) return before;
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
  return before;
}

export async function getMeta(db: Db, key: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}
