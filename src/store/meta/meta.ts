import type { Db } from '../db.ts';

/** A value about the store itself; null if there is none. */
export async function getMeta(db: Db, key: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}

/** The value of a key, created if there is none. Processes that do this at the same moment get the same value. */
export async function getOrCreateMeta(db: Db, key: string, create: () => string): Promise<string> {
  await db
    .insertInto('meta')
    .values({ key, value: create() })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirstOrThrow();
  return row.value;
}

/** Stores a value and returns the previous one; null if there was none. */
export async function swapMeta(db: Db, key: string, value: string): Promise<string | null> {
  const before = await getMeta(db, key);
  if (before !== value) await setMeta(db, key, value);
  return before;
}

export async function setMeta(db: Db, key: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
