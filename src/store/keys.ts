import type { WrappedDataKey } from '../keys/key-ring.ts';
import type { ScryptParameters } from '../keys/passphrase.ts';
import type { Db } from './store.ts';

/** A key-encryption key that the store knows of: what kind it is, never the key. */
export type KeyEncryptionKeyInfo =
  | { id: string; kind: 'keychain' | 'file' }
  | { id: string; kind: 'passphrase'; parameters: ScryptParameters };

export async function listKeyEncryptionKeys(db: Db): Promise<KeyEncryptionKeyInfo[]> {
  const rows = await db.selectFrom('key_encryption_key').selectAll().orderBy('created_at').execute();
  return rows.map(({ id, kind, parameters }) =>
    kind === 'passphrase'
      ? { id, kind, parameters: JSON.parse(parameters) as ScryptParameters }
      : { id, kind },
  );
}

/** The data keys that one key-encryption key opens, oldest first. */
export async function listDataKeys(db: Db, keyEncryptionKeyId: string): Promise<WrappedDataKey[]> {
  return await db
    .selectFrom('wrapped_data_key')
    .select(['data_key_id as dataKeyId', 'key_encryption_key_id as keyEncryptionKeyId', 'jwe'])
    .where('key_encryption_key_id', '=', keyEncryptionKeyId)
    .orderBy('created_at')
    .execute();
}

/**
 * Gives a new store its first keys. False, and nothing written, where another process was faster.
 */
export async function insertFirstKeys(
  db: Db,
  now: number,
  info: KeyEncryptionKeyInfo,
  dataKey: WrappedDataKey,
): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    // Locks the same row as every other writer, so that two first runs cannot both find nothing.
    await trx.updateTable('audit_head').set({ id: 1 }).where('id', '=', 1).execute();
    if ((await listKeyEncryptionKeys(trx)).length > 0) return false;
    await trx
      .insertInto('key_encryption_key')
      .values({
        id: info.id,
        kind: info.kind,
        parameters: JSON.stringify(info.kind === 'passphrase' ? info.parameters : {}),
        created_at: now,
      })
      .execute();
    await trx
      .insertInto('wrapped_data_key')
      .values({
        data_key_id: dataKey.dataKeyId,
        key_encryption_key_id: dataKey.keyEncryptionKeyId,
        jwe: dataKey.jwe,
        created_at: now,
      })
      .execute();
    return true;
  });
}
