import { isObject } from '../../text/json-shape.ts';
import { parseColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';

/** The active operation on the keys, stored so that any process can resume it. */
const dataKey = 'data-key-rotation';
const keyEncryptionKey = 'key-replacement';

/** The ID of the data key of the active rotation; null if there is none. */
export async function activeRotation(db: Db): Promise<string | null> {
  return await value(db, dataKey);
}

export async function startRotation(db: Db, dataKeyId: string): Promise<void> {
  await db.insertInto('meta').values({ key: dataKey, value: dataKeyId }).execute();
}

export async function endRotation(db: Db): Promise<void> {
  await db.deleteFrom('meta').where('key', '=', dataKey).execute();
}

/** A key-encryption key that is replacing another one, by their IDs. */
export interface Replacement {
  oldId: string;
  newId: string;
}

export async function activeReplacement(db: Db): Promise<Replacement | null> {
  const text = await value(db, keyEncryptionKey);
  return text === null ? null : parseColumn(text, 'meta.value', isReplacement);
}

function isReplacement(value: unknown): value is Replacement {
  return isObject(value) && typeof value.oldId === 'string' && typeof value.newId === 'string';
}

export async function startReplacement(db: Db, replacement: Replacement): Promise<void> {
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
