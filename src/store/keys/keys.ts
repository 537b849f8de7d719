import type { WrappedDataKey } from '../../crypto/data-key.ts';
import type { ScryptParameters } from '../../crypto/passphrase.ts';
import { isObject } from '../../text/json-shape.ts';
import { parseColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';

/** The stored data about a key-encryption key: its kind, never the key itself. */
export type KeyEncryptionKeyInfo =
  | { id: string; kind: 'keychain' | 'file' }
  | { id: string; kind: 'passphrase'; parameters: ScryptParameters };

/** All stored data about a key-encryption key. */
export interface KeyEncryptionKeyRecord {
  info: KeyEncryptionKeyInfo;
  /** `user@host` where it was created. */
  name: string;
  /** X25519, base64url. Null if an early version of this program created the key. */
  publicKey: string | null;
  /** See `isAuthorized`. */
  authorization: string | null;
  /** Epoch milliseconds. */
  createdAt: number;
}

export async function listKeyEncryptionKeys(db: Db): Promise<KeyEncryptionKeyInfo[]> {
  return (await listKeyRecords(db)).map(({ info }) => info);
}

/** Oldest first. */
export async function listKeyRecords(db: Db): Promise<KeyEncryptionKeyRecord[]> {
  const rows = await db
    .selectFrom('key_encryption_key')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(({ id, kind, parameters, name, public_key, authorization, created_at }) => ({
    info:
      kind === 'passphrase'
        ? {
            id,
            kind,
            parameters: parseColumn(parameters, 'key_encryption_key.parameters', isScryptParameters),
          }
        : { id, kind },
    name,
    publicKey: public_key,
    authorization,
    createdAt: created_at,
  }));
}

function isScryptParameters(value: unknown): value is ScryptParameters {
  return (
    isObject(value) &&
    typeof value.salt === 'string' &&
    [value.N, value.r, value.p].every((each) => Number.isSafeInteger(each) && Number(each) > 0)
  );
}

export async function insertKeyRecord(db: Db, record: KeyEncryptionKeyRecord): Promise<void> {
  const { info, name, publicKey, authorization, createdAt } = record;
  await db
    .insertInto('key_encryption_key')
    .values({
      id: info.id,
      kind: info.kind,
      parameters: JSON.stringify(info.kind === 'passphrase' ? info.parameters : {}),
      name,
      public_key: publicKey,
      authorization,
      created_at: createdAt,
    })
    .execute();
}

export async function setAuthorization(
  db: Db,
  id: string,
  publicKey: string,
  authorization: string,
): Promise<void> {
  await db
    .updateTable('key_encryption_key')
    .set({ public_key: publicKey, authorization })
    .where('id', '=', id)
    .execute();
}

/** Also deletes the data keys that were wrapped for it. */
export async function deleteKeyEncryptionKey(db: Db, id: string): Promise<void> {
  await db.deleteFrom('key_encryption_key').where('id', '=', id).execute();
}

/** The data keys that are wrapped for one key-encryption key, oldest first. */
export async function listDataKeys(db: Db, keyEncryptionKeyId: string): Promise<WrappedDataKey[]> {
  return await wrappedDataKeys(db).where('key_encryption_key_id', '=', keyEncryptionKeyId).execute();
}

/** Every data key as wrapped for every key-encryption key, oldest first. */
export async function listAllDataKeys(db: Db): Promise<(WrappedDataKey & { createdAt: number })[]> {
  return await wrappedDataKeys(db).select('created_at as createdAt').execute();
}

function wrappedDataKeys(db: Db) {
  return db
    .selectFrom('wrapped_data_key')
    .select(['data_key_id as dataKeyId', 'key_encryption_key_id as keyEncryptionKeyId', 'generation', 'jwe'])
    .orderBy('generation')
    .orderBy('created_at')
    .orderBy('data_key_id');
}

/** The data key that encrypts new tokens; null in a new store. */
export async function newestDataKey(db: Db): Promise<{ id: string; generation: number } | null> {
  const row = await db
    .selectFrom('wrapped_data_key')
    .select(['data_key_id as id', 'generation'])
    .orderBy('generation', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

export async function insertDataKeys(db: Db, now: number, wrapped: WrappedDataKey[]): Promise<void> {
  if (wrapped.length === 0) return;
  await db
    .insertInto('wrapped_data_key')
    .values(
      wrapped.map(({ dataKeyId, keyEncryptionKeyId, generation, jwe }) => ({
        data_key_id: dataKeyId,
        key_encryption_key_id: keyEncryptionKeyId,
        generation,
        jwe,
        created_at: now,
      })),
    )
    .execute();
}

/** Replaces the data key that was wrapped for a recipient by one that is wrapped with the key itself. */
export async function rewrapDataKey(db: Db, wrapped: WrappedDataKey): Promise<void> {
  await db
    .updateTable('wrapped_data_key')
    .set({ jwe: wrapped.jwe })
    .where('data_key_id', '=', wrapped.dataKeyId)
    .where('key_encryption_key_id', '=', wrapped.keyEncryptionKeyId)
    .execute();
}

/** Deletes the data keys of earlier generations that are wrapped for one key-encryption key. */
export async function deleteDataKeysBefore(
  db: Db,
  keyEncryptionKeyId: string,
  generation: number,
): Promise<void> {
  await db
    .deleteFrom('wrapped_data_key')
    .where('key_encryption_key_id', '=', keyEncryptionKeyId)
    .where('generation', '<', generation)
    .execute();
}

/** Stores the first keys of a new store. Returns false and writes nothing if another process was faster. */
export async function insertFirstKeys(
  db: Db,
  now: number,
  record: KeyEncryptionKeyRecord,
  dataKey: WrappedDataKey,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    // A transaction excludes every other one that changes the store, so that two first runs cannot both find no key.
    if ((await listKeyEncryptionKeys(trx)).length > 0) return false;
    await insertKeyRecord(trx, record);
    await insertDataKeys(trx, now, [dataKey]);
    return true;
  });
}
