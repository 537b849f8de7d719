import type { Db } from '../db.ts';

/** What is under way with the keys, kept in the store so that any process can carry it on. */
const dataKey = 'data-key-rotation';
const keyEncryptionKey = 'key-replacement';

/** The ID of the data key of the rotation under way; null where there is none. */
export async function activeRotation(db: Db): Promise<string | null> {
  return await value(db, dataKey);
}

export async function startRotation(db: Db, dataKeyId: string): Promise<void> {
  await db.insertInto('meta').values({ key: dataKey, value: dataKeyId }).execute();
}

export async function endRotation(db: Db): Promise<void> {
  await db.deleteFrom('meta').where('key', '=', dataKey).execute();
}

/** One key-encryption key that is taking another's place, by their IDs. */
export interface Replacement {
  oldId: string;
  newId: string;
}

export async function activeReplacement(db: Db): Promise<Replacement | null> {
  const text = await value(db, keyEncryptionKey);
  return text === null ? null : (JSON.parse(text) as Replacement);
}

export async function beginReplacement(db: Db, replacement: Replacement): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key: keyEncryptionKey, value: JSON.stringify(replacement) })
    .execute();
}

export async function endReplacement(db: Db): Promise<void> {
  await db.deleteFrom('meta').where('key', '=', keyEncryptionKey).execute();
}

async function value(db: Db, key: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}
