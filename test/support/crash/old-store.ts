import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newDataKey } from '../../../src/crypto/data-key.ts';
import { readKeyFile, writeKeyFile } from '../../../src/crypto/key-file.ts';
import { KeyRing } from '../../../src/crypto/key-ring.ts';
import { newStoreAsOf } from '../../../src/store/store.ts';
import { usualToken } from '../webex/fake-tokens.ts';

/** A store as the first version made it, with one token. */
export async function oldStore(home: string): Promise<void> {
  mkdirSync(home, { mode: 0o700 });
  const keyFile = join(home, 'key.jwk');
  writeKeyFile(keyFile, Buffer.alloc(32, 7));
  const key = readKeyFile(keyFile) ?? Buffer.alloc(0);
  const dataKey = await newDataKey(key);
  const place = { tokenId: 'token-1', profileId: 'profile-1' };
  const sealed = await new KeyRing([dataKey], key).seal(usualToken({ filler: 'A' }), place);
  const db = await newStoreAsOf(join(home, 'store.db'), '001-vault');
  const insert = async (table: string, row: object) =>
    void (await db
      .insertInto(table as never)
      .values(row as never)
      .execute());
  await insert('key_encryption_key', {
    id: dataKey.keyEncryptionKeyId,
    kind: 'file',
    parameters: '{}',
    created_at: 1,
  });
  await insert('wrapped_data_key', {
    data_key_id: dataKey.dataKeyId,
    key_encryption_key_id: dataKey.keyEncryptionKeyId,
    jwe: dataKey.jwe,
    created_at: 1,
  });
  const profile = { id: 'profile-1', name: 'acme', deployment: 'commercial', scopes: '[]', created_at: 1 };
  await insert('profile', profile);
  await insert('token', {
    id: 'token-1',
    profile_id: 'profile-1',
    state: 'current',
    source: 'import',
    sealed,
    captured_at: 1,
    expires_documented: 2,
    expires_at: 2,
    scopes: '[]',
    warnings: '[]',
  });
  await db.destroy();
}
