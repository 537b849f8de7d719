import { wrapDataKey } from '../../crypto/data-key.ts';
import { authorizeKey } from '../../crypto/key-authorization.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import type { KeyRequest } from '../../crypto/key-request.ts';
import { wrapForRecipient } from '../../crypto/wrap-for-recipient.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import {
  insertDataKeys,
  insertKeyRecord,
  listDataKeys,
  listKeyEncryptionKeys,
} from '../../store/keys/keys.ts';
import type { Actor, Vault } from '../context.ts';
import { keyRecordOf } from '../keys/key-manager.ts';
import type { LoadedKey } from '../keys/load-key.ts';

type KeyContext = Pick<Vault, 'db' | 'keys' | 'now'>;

/** Wraps every data key for one more key that is at hand here, within the caller's transaction. */
export async function wrapForLocalKey(trx: Db, vault: KeyContext, held: LoadedKey): Promise<void> {
  await vault.keys.refresh(trx);
  const { ring } = vault.keys;
  await refuseKnown(trx, held.info.id);
  await insertKeyRecord(trx, await keyRecordOf(held, ring, vault.now()));
  for (const { key, generation } of await dataKeysOf(trx, vault)) {
    await insertDataKeys(trx, vault.now(), [await wrapDataKey(key, generation, held.key)]);
  }
}

/** Lets a key in that is at hand here. Throws `E_KEY_EXISTS` where it is in already. */
export async function addLocalKey(vault: KeyContext, held: LoadedKey, actor: Actor): Promise<void> {
  await vault.db.transaction().execute(async (trx) => {
    await wrapForLocalKey(trx, vault, held);
    await appendAudit(trx, vault.now(), {
      action: 'key-add',
      outcome: 'ok',
      subject: shortKeyId(held.info.id),
      ...actor,
    });
  });
}

/**
 * Lets a key in that is somewhere else, by what its holder's request says of it. Whoever does this has made sure that
 * the request comes from that person: see `fingerprint`. Throws `E_KEY_EXISTS`.
 */
export async function approveKeyRequest(vault: KeyContext, request: KeyRequest, actor: Actor): Promise<void> {
  const { id, kind, name, publicKey } = request;
  if (kind === 'passphrase')
    throw new BrokerError('E_KEY_REQUEST', 'A passphrase is not asked for in this way.');
  await vault.db.transaction().execute(async (trx) => {
    await vault.keys.refresh(trx);
    await refuseKnown(trx, id);
    const grantee = { id, publicKey };
    const authorization = await authorizeKey(grantee, vault.keys.ring.primaryKey);
    await insertKeyRecord(trx, {
      info: { id, kind },
      name,
      publicKey,
      authorization,
      createdAt: vault.now(),
    });
    // The request's key vouches for the first data key, and each data key for the next one.
    let voucher = Buffer.from(request.admissionKey, 'base64url');
    for (const { key, generation } of await dataKeysOf(trx, vault)) {
      const granted = await wrapForRecipient(key, generation, grantee, { id: keyId(voucher), key: voucher });
      await insertDataKeys(trx, vault.now(), [granted]);
      voucher = Buffer.from(key);
    }
    await appendAudit(trx, vault.now(), {
      action: 'key-add',
      outcome: 'ok',
      subject: shortKeyId(id),
      ...actor,
    });
  });
}

async function refuseKnown(trx: Db, id: string): Promise<void> {
  if (!(await listKeyEncryptionKeys(trx)).some((known) => known.id === id)) return;
  throw new BrokerError('E_KEY_EXISTS', 'That key is one of this store already.', {
    help: '"webex-token key status" lists them. Nothing was changed.',
  });
}

async function dataKeysOf(trx: Db, { keys }: KeyContext): Promise<{ key: Uint8Array; generation: number }[]> {
  const generations = new Map(
    (await listDataKeys(trx, keys.kek.info.id)).map(({ dataKeyId, generation }) => [dataKeyId, generation]),
  );
  return keys.ring.dataKeys.flatMap(({ id, key }) => {
    const generation = generations.get(id);
    return generation === undefined ? [] : [{ key, generation }];
  });
}
