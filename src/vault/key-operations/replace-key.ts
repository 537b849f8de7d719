import { rmSync } from 'node:fs';
import { readKeyFile } from '../../crypto/key-file.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { listKeyHosts } from '../../store/keys/key-hosts.ts';
import {
  deleteKeyEncryptionKey,
  type KeyEncryptionKeyInfo,
  listKeyEncryptionKeys,
} from '../../store/keys/keys.ts';
import { activeReplacement, endReplacement, startReplacement } from '../../store/keys/rotation.ts';
import type { Actor, Vault } from '../context.ts';
import {
  createFileKey,
  createKeychainKey,
  createPassphraseKey,
  type KeyKind,
  type NewKey,
} from '../keys/create-key.ts';
import { hostName } from '../keys/host.ts';
import { finishKeyFileSwap, type KeySource, keyFilePath } from '../keys/load-key.ts';
import { verifyKey } from '../keys/verify-key.ts';
import { wrapForLocalKey } from './add-key.ts';

export interface ReplacementResult {
  oldKey: KeyEncryptionKeyInfo;
  newKey: KeyEncryptionKeyInfo;
  /** Other hosts that use the old key. If there are any, the old key is kept for now. */
  usedBy: string[];
}

export interface ReplaceOptions {
  kind: KeyKind;
  /** The new passphrase, for the kind `passphrase`. */
  passphrase?: string;
}

/** A host that has not used a key for this long no longer counts as a user of the key. Milliseconds. */
const hostCountsForMs = 30 * dayMs;

/**
 * Replaces the key-encryption key that this host uses. The old key is deleted only after the new one was loaded from its
 * storage and has unwrapped every data key. Until then, both keys can open the store, so an interrupted run loses nothing, and
 * the next run completes it. Throws the errors of `create-key` and `verifyKey`.
 */
export async function replaceKey(
  vault: Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>,
  options: ReplaceOptions,
  actor: Actor,
): Promise<ReplacementResult> {
  const { db, keys } = vault;
  const source = sourceOf(keys.source, options);
  const started = await findInterrupted(vault, options.kind, source);
  const { oldKey, newKey } = started ?? (await start(vault, options, source));
  const kek = await verifyKey(db, keys, newKey, source);
  const usedBy = await otherHosts(db, oldKey.id, vault.now());
  await db.transaction().execute(async (trx) => {
    const active = await activeReplacement(trx);
    const known = (await listKeyEncryptionKeys(trx)).map(({ id }) => id);
    // The old key is deleted only if the store still has the new one: another process may have undone the replacement.
    if (!known.includes(newKey.id) || (active !== null && active.newId !== newKey.id)) throw conflict();
    if (active === null) return;
    if (usedBy.length === 0) await deleteKeyEncryptionKey(trx, oldKey.id);
    await endReplacement(trx);
    await appendAudit(trx, vault.now(), {
      action: 'key-replace',
      outcome: 'ok',
      subject: shortKeyId(newKey.id),
      ...actor,
    });
  });
  keys.useKek(kek);
  // Within a write transaction, because another process may have continued in the meantime.
  await db.transaction().execute(async (trx) => {
    const known = await listKeyEncryptionKeys(trx);
    finishKeyFileSwap(known, source);
    if (known.some(({ id }) => id === oldKey.id)) return;
    deleteOldKeyFile(oldKey, source);
  });
  if (usedBy.length === 0) await deleteKeychainEntry(oldKey, source);
  return { oldKey, newKey, usedBy };
}

function sourceOf(source: KeySource, { passphrase }: ReplaceOptions): KeySource {
  return passphrase === undefined ? source : { ...source, settings: { ...source.settings, passphrase } };
}

interface Pair {
  oldKey: KeyEncryptionKeyInfo;
  newKey: KeyEncryptionKeyInfo;
}

/** The keys of an interrupted replacement that can be completed. Undoes one that cannot, and returns null. */
async function findInterrupted(
  { db, keys }: Pick<Vault, 'db' | 'keys'>,
  kind: KeyKind,
  source: KeySource,
): Promise<Pair | null> {
  const replacement = await activeReplacement(db);
  if (replacement === null) return null;
  const known = await listKeyEncryptionKeys(db);
  const oldKey = known.find(({ id }) => id === replacement.oldId);
  const newKey = known.find(({ id }) => id === replacement.newId);
  if (oldKey !== undefined && newKey?.kind === kind) {
    try {
      await verifyKey(db, keys, newKey, source);
      return { oldKey, newKey };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
    }
  }
  await db.transaction().execute(async (trx) => {
    // Another process may have completed it in the meantime. Then only the new key is left.
    if ((await activeReplacement(trx))?.newId !== replacement.newId) return;
    const isInUse = replacement.newId === keys.kek.info.id;
    const hasOld = (await listKeyEncryptionKeys(trx)).some(({ id }) => id === replacement.oldId);
    if (hasOld && !isInUse) await deleteKeyEncryptionKey(trx, replacement.newId);
    await endReplacement(trx);
  });
  return null;
}

async function start(
  vault: Pick<Vault, 'db' | 'keys' | 'now'>,
  { kind, passphrase }: ReplaceOptions,
  source: KeySource,
): Promise<Pair> {
  const { db, keys } = vault;
  const oldKey = keys.kek.info;
  // Unlocking a keychain or deriving a key takes time, so it is done before the transaction.
  const created = kind === 'file' ? null : await create(kind, passphrase, source);
  try {
    return await db.transaction().execute(async (trx) => {
      if ((await activeReplacement(trx)) !== null) throw conflict();
      const known = await listKeyEncryptionKeys(trx);
      if (!known.some(({ id }) => id === oldKey.id)) throw conflict();
      finishKeyFileSwap(known, source);
      const newKey = created ?? createFileKey(source, known);
      await wrapForLocalKey(trx, vault, newKey);
      await startReplacement(trx, { oldId: oldKey.id, newId: newKey.info.id });
      return { oldKey, newKey: newKey.info };
    });
  } catch (error) {
    // An error when removing the unused key is ignored, because the key does no harm.
    await created?.undo().catch(() => {});
    throw error;
  }
}

function conflict(): BrokerError {
  return new BrokerError('E_KEY_BUSY', 'Another process is replacing the key.', {
    help: {
      text: 'This process changed nothing. To see the result of the other process',
      command: ['key', 'status'],
    },
  });
}

async function create(
  kind: 'keychain' | 'passphrase',
  passphrase: string | undefined,
  source: KeySource,
): Promise<NewKey> {
  if (kind === 'keychain') return await createKeychainKey(source);
  if (passphrase === undefined) throw new BrokerError('E_KEY_PASSPHRASE', 'The new passphrase is missing.');
  return await createPassphraseKey(passphrase);
}

async function otherHosts(db: Db, id: string, now: number): Promise<string[]> {
  return (await listKeyHosts(db))
    .filter(({ keyEncryptionKeyId, host, seenAt }) => {
      return keyEncryptionKeyId === id && host !== hostName() && now - seenAt < hostCountsForMs;
    })
    .map(({ host }) => host);
}

/** Deletes an old key from the keychain. An error is ignored, because the key no longer unwraps anything. */
async function deleteKeychainEntry(
  { id, kind }: KeyEncryptionKeyInfo,
  { keychain }: KeySource,
): Promise<void> {
  if (kind === 'keychain') await keychain.delete(id).catch(() => {});
}

/** Deletes the file of an old key if this program created it and it still contains that key. */
function deleteOldKeyFile({ id, kind }: KeyEncryptionKeyInfo, { settings }: KeySource): void {
  // A configured file may also be used by other stores and hosts.
  if (kind !== 'file' || settings.keyFile !== null) return;
  const path = keyFilePath(settings);
  const key = readKeyFile(path);
  if (key !== null && keyId(key) === id) rmSync(path);
}
