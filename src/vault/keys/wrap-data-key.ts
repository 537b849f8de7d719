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
 * Makes a data key the store's newest, within the caller's transaction: wrapped for the key at hand, granted to every
 * other one. Throws `E_KEY_UNAUTHORIZED` where the store lists a key that nobody with access has let in.
 */
export async function wrapForAllKeks(
  trx: Db,
  keys: VaultKeys,
  dataKey: Uint8Array,
  generation: number,
  now: number,
): Promise<void> {
  const { info, key } = keys.kek;
  await keys.keepGranted(trx);
  const voucher = keys.ring.primaryKey;
  const newest = { id: keyId(dataKey), key: dataKey };
  const wrapped: WrappedDataKey[] = [];
  for (const record of await listKeyRecords(trx)) {
    const own = record.info.id === info.id;
    const publicKey = own ? publicKeyOf(key) : admittedPublicKey(record, keys);
    const grantee = { id: record.info.id, publicKey };
    wrapped.push(
      own
        ? await wrapDataKey(dataKey, generation, key)
        : await wrapForRecipient(dataKey, generation, grantee, voucher),
    );
    await setAuthorization(trx, grantee.id, publicKey, await authorizeKey(grantee, newest));
  }
  await insertDataKeys(trx, now, wrapped);
}

/** Whether somebody with access let this key in; the one at hand needs nobody's word. */
export function isAuthorizedKek(
  { info, publicKey, authorization }: KeyEncryptionKeyRecord,
  keys: VaultKeys,
): boolean {
  if (info.id === keys.kek.info.id) return true;
  if (publicKey === null || authorization === null) return false;
  // The newest data key alone: who had an older one may have left.
  return isAuthorized({ id: info.id, publicKey }, authorization, keys.ring.primaryKey);
}

function admittedPublicKey(record: KeyEncryptionKeyRecord, keys: VaultKeys): string {
  if (record.publicKey !== null && isAuthorizedKek(record, keys)) return record.publicKey;
  throw new BrokerError(
    'E_KEY_UNAUTHORIZED',
    `The store lists a key that nobody with access to it has let in: ${shortKeyId(record.info.id)} (${record.name}).`,
    {
      help: `Somebody wrote to the database from outside. Nothing was changed. Take the key out with: webex-token key remove ${shortKeyId(record.info.id)}`,
    },
  );
}
