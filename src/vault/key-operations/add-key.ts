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

/** Wraps every data key for another key of this host, within the caller's transaction. */
export async function wrapForLocalKey(trx: Db, vault: KeyContext, localKey: LoadedKey): Promise<void> {
  await vault.keys.refresh(trx);
  const { ring } = vault.keys;
  await assertNewKey(trx, localKey.info.id);
  await insertKeyRecord(trx, await keyRecordOf(localKey, ring, vault.now()));
  for (const { key, generation } of await dataKeysOf(trx, vault)) {
    await insertDataKeys(trx, vault.now(), [await wrapDataKey(key, generation, localKey.key)]);
  }
}

/** Authorizes another key of this host. Throws `E_KEY_EXISTS` if the store already has it. */
export async function addLocalKey(vault: KeyContext, localKey: LoadedKey, actor: Actor): Promise<void> {
  await vault.db.transaction().execute(async (trx) => {
    await wrapForLocalKey(trx, vault, localKey);
    await appendAudit(trx, vault.now(), {
      action: 'key-add',
      outcome: 'ok',
      subject: shortKeyId(localKey.info.id),
      ...actor,
    });
  });
}

/**
 * Authorizes the key of another host, from its key request. The caller must have verified that the request comes from its
 * owner; see `fingerprint`. Throws `E_KEY_EXISTS`.
 */
export async function approveKeyRequest(vault: KeyContext, request: KeyRequest, actor: Actor): Promise<void> {
  const { id, kind, name, publicKey } = request;
  if (kind === 'passphrase')
    throw new BrokerError('E_KEY_REQUEST', 'A key request cannot be for a passphrase.');
  await vault.db.transaction().execute(async (trx) => {
    await vault.keys.refresh(trx);
    await assertNewKey(trx, id);
    const recipient = { id, publicKey };
    const authorization = await authorizeKey(recipient, vault.keys.ring.primaryKey);
    await insertKeyRecord(trx, {
      info: { id, kind },
      name,
      publicKey,
      authorization,
      createdAt: vault.now(),
    });
    // The request's key authorizes the first data key, and each data key authorizes the next one.
    let previous = Buffer.from(request.admissionKey, 'base64url');
    for (const { key, generation } of await dataKeysOf(trx, vault)) {
      const authorizingKey = { id: keyId(previous), key: previous };
      const wrapped = await wrapForRecipient(key, generation, recipient, authorizingKey);
      await insertDataKeys(trx, vault.now(), [wrapped]);
      previous = Buffer.from(key);
    }
    await appendAudit(trx, vault.now(), {
      action: 'key-add',
      outcome: 'ok',
      subject: shortKeyId(id),
      ...actor,
    });
  });
}

async function assertNewKey(trx: Db, id: string): Promise<void> {
  if (!(await listKeyEncryptionKeys(trx)).some((known) => known.id === id)) return;
  throw new BrokerError('E_KEY_EXISTS', 'The store already has this key.', {
    help: { text: 'Nothing was changed. To list the keys', command: ['key', 'status'] },
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
