import { type WrappedDataKey, wrapDataKey } from '../../crypto/data-key.ts';
import { authorizeKey, isAuthorized } from '../../crypto/key-authorization.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import { publicKeyOf } from '../../crypto/key-pair.ts';
import { wrapForRecipient } from '../../crypto/wrap-for-recipient.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../../store/db.ts';
import {
  insertDataKeys,
  type KeyEncryptionKeyRecord,
  listKeyRecords,
  setAuthorization,
} from '../../store/keys/keys.ts';
import type { VaultKeys } from './key-manager.ts';

/**
 * Wraps a new data key for every key-encryption key of the store, within the caller's transaction, so that it becomes the
 * newest. Throws `E_KEY_UNAUTHORIZED` if the store contains a key that no key holder authorized.
 */
export async function wrapForAllKeks(
  trx: Db,
  keys: VaultKeys,
  dataKey: Uint8Array,
  generation: number,
  now: number,
): Promise<void> {
  const { info, key } = keys.kek;
  await keys.storeReceived(trx);
  const authorizingKey = keys.ring.primaryKey;
  const newest = { id: keyId(dataKey), key: dataKey };
  const wrapped: WrappedDataKey[] = [];
  for (const record of await listKeyRecords(trx)) {
    const own = record.info.id === info.id;
    const publicKey = own ? publicKeyOf(key) : authorizedPublicKey(record, keys);
    const recipient = { id: record.info.id, publicKey };
    wrapped.push(
      own
        ? await wrapDataKey(dataKey, generation, key)
        : await wrapForRecipient(dataKey, generation, recipient, authorizingKey),
    );
    await setAuthorization(trx, recipient.id, publicKey, await authorizeKey(recipient, newest));
  }
  await insertDataKeys(trx, now, wrapped);
}

/** Whether a key holder authorized this key. This host's own key needs no authorization. */
export function isAuthorizedKek(
  { info, publicKey, authorization }: KeyEncryptionKeyRecord,
  keys: VaultKeys,
): boolean {
  if (info.id === keys.kek.info.id) return true;
  if (publicKey === null || authorization === null) return false;
  // Only the newest data key can authorize, because a removed host may still have an older one.
  return isAuthorized({ id: info.id, publicKey }, authorization, keys.ring.primaryKey);
}

function authorizedPublicKey(record: KeyEncryptionKeyRecord, keys: VaultKeys): string {
  if (record.publicKey !== null && isAuthorizedKek(record, keys)) return record.publicKey;
  throw new BrokerError(
    'E_KEY_UNAUTHORIZED',
    `The store contains a key that no key holder authorized: ${shortKeyId(record.info.id)} (${record.name}).`,
    {
      help: [
        'Someone tampered with the database. Nothing was changed.',
        { text: 'Remove the key', command: ['key', 'remove', shortKeyId(record.info.id)] },
      ],
    },
  );
}
