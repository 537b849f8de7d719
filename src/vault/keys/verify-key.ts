import { KeyRing } from '../../crypto/key-ring.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../../store/db.ts';
import { type KeyEncryptionKeyInfo, listDataKeys } from '../../store/keys/keys.ts';
import type { VaultKeys } from './key-manager.ts';
import { withKeySnapshot } from './key-snapshot.ts';
import { type KeySource, type LoadedKey, loadKeyById } from './load-key.ts';

/**
 * Loads a key from its storage, like the next start will, and checks that it unwraps every data key that this process has.
 * Throws the errors of `loadKeyById`, `E_INTEGRITY` or `E_KEY_VERIFICATION`.
 */
export async function verifyKey(
  db: Db,
  keys: VaultKeys,
  info: KeyEncryptionKeyInfo,
  source: KeySource,
): Promise<LoadedKey> {
  const key = await loadKeyById(info, source);
  const unwrapsAll = await withKeySnapshot(db, keys, async (snapshot) => {
    const { ring } = await KeyRing.open(await listDataKeys(snapshot, info.id), key);
    const hasAll = keys.ring.dataKeys.every(({ id }) => ring.has(id));
    return hasAll && ring.primaryKey.id === keys.ring.primaryKey.id;
  });
  if (unwrapsAll) return { info, key };
  throw new BrokerError(
    'E_KEY_VERIFICATION',
    'The new key does not unwrap every data key that the old key unwraps.',
    {
      help: 'Another process may have changed the keys at the same time. The old key is still in use; try again.',
    },
  );
}
