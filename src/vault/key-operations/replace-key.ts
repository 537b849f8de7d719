import { rmSync } from 'node:fs';
import { readKeyFile } from '../../crypto/key-file.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { listKeyHolders } from '../../store/keys/key-hosts.ts';
import {
  deleteKeyEncryptionKey,
  type KeyEncryptionKeyInfo,
  listKeyEncryptionKeys,
} from '../../store/keys/keys.ts';
import { activeReplacement, beginReplacement, endReplacement } from '../../store/keys/rotation.ts';
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
  /** Other machines that hold the old key, which therefore stays for now. */
  heldBy: string[];
}

export interface ReplaceOptions {
  kind: KeyKind;
  /** The new passphrase, where the kind is that. */
  passphrase?: string;
}

/** A machine that has not used a key for this long is not waited for. Milliseconds. */
const holderCountsForMs = 30 * 86_400_000;

/**
 * Puts a new key-encryption key in the place of the one that opens the store here. The old one goes only once the new
 * one has been fetched from its place and has opened everything; until then either opens the store, so that being killed
 * in between loses nothing: the next run ends what this one began. Throws what making and proving a key throw.
 */
export async function replaceKey(
  vault: Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>,
  options: ReplaceOptions,
  actor: Actor,
): Promise<ReplacementResult> {
  const { db, keys } = vault;
  const source = sourceOf(keys.source, options);
  const started = await findInterrupted(vault, options.kind, source);
  const { oldKey, newKey } = started ?? (await begin(vault, options, source));
  const held = await verifyKey(db, keys, newKey, source);
  const heldBy = await otherHolders(db, oldKey.id, vault.now());
  await db.transaction().execute(async (trx) => {
    const underWay = await activeReplacement(trx);
    const known = (await listKeyEncryptionKeys(trx)).map(({ id }) => id);
    // The old key goes only while the new one is there: another process may have taken it back.
    if (!known.includes(newKey.id) || (underWay !== null && underWay.newId !== newKey.id)) throw conflict();
    if (underWay === null) return;
    if (heldBy.length === 0) await deleteKeyEncryptionKey(trx, oldKey.id);
    await endReplacement(trx);
    await appendAudit(trx, vault.now(), {
      action: 'key-replace',
      outcome: 'ok',
      subject: shortKeyId(newKey.id),
      ...actor,
    });
  });
  keys.useKek(held);
  // Within the lock of all writers, and by what the store knows then: another process may have gone on meanwhile.
  await db.transaction().execute(async (trx) => {
    const known = await listKeyEncryptionKeys(trx);
    finishKeyFileSwap(known, source);
    if (known.some(({ id }) => id === oldKey.id)) return;
    forgetFile(oldKey, source);
  });
  if (heldBy.length === 0) await forgetEntry(oldKey, source);
  return { oldKey, newKey, heldBy };
}

function sourceOf(source: KeySource, { passphrase }: ReplaceOptions): KeySource {
  return passphrase === undefined ? source : { ...source, settings: { ...source.settings, passphrase } };
}

interface Pair {
  oldKey: KeyEncryptionKeyInfo;
  newKey: KeyEncryptionKeyInfo;
}

/** What a run that was interrupted left, where it can be carried on; else it is taken back. */
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
    // Another process may have ended it meanwhile: then the new key is the only one.
    if ((await activeReplacement(trx))?.newId !== replacement.newId) return;
    const isInUse = replacement.newId === keys.kek.info.id;
    const hasOld = (await listKeyEncryptionKeys(trx)).some(({ id }) => id === replacement.oldId);
    if (hasOld && !isInUse) await deleteKeyEncryptionKey(trx, replacement.newId);
    await endReplacement(trx);
  });
  return null;
}

async function begin(
  vault: Pick<Vault, 'db' | 'keys' | 'now'>,
  { kind, passphrase }: ReplaceOptions,
  source: KeySource,
): Promise<Pair> {
  const { db, keys } = vault;
  const oldKey = keys.kek.info;
  // A keychain may have to be unlocked first, and a passphrase takes a while: other writers do not wait for that.
  const madeBefore = kind === 'file' ? null : await make(kind, passphrase, source);
  try {
    return await db.transaction().execute(async (trx) => {
      if ((await activeReplacement(trx)) !== null) throw conflict();
      const known = await listKeyEncryptionKeys(trx);
      if (!known.some(({ id }) => id === oldKey.id)) throw conflict();
      finishKeyFileSwap(known, source);
      const made = madeBefore ?? createFileKey(source, known);
      await wrapForLocalKey(trx, vault, made);
      await beginReplacement(trx, { oldId: oldKey.id, newId: made.info.id });
      return { oldKey, newKey: made.info };
    });
  } catch (error) {
    // A key that nobody uses does no harm, so that taking it away again may fail.
    await madeBefore?.undo().catch(() => {});
    throw error;
  }
}

function conflict(): BrokerError {
  return new BrokerError('E_KEY_BUSY', 'Another process is replacing the key at this moment.', {
    help: 'Nothing was changed by this one. "webex-token key status" shows how it went.',
  });
}

async function make(
  kind: 'keychain' | 'passphrase',
  passphrase: string | undefined,
  source: KeySource,
): Promise<NewKey> {
  if (kind === 'keychain') return await createKeychainKey(source);
  if (passphrase === undefined) throw new BrokerError('E_KEY_PASSPHRASE', 'No new passphrase was given.');
  return await createPassphraseKey(passphrase);
}

async function otherHolders(db: Db, id: string, now: number): Promise<string[]> {
  return (await listKeyHolders(db))
    .filter(({ keyEncryptionKeyId, host, seenAt }) => {
      return keyEncryptionKeyId === id && host !== hostName() && now - seenAt < holderCountsForMs;
    })
    .map(({ host }) => host);
}

/** Takes an old key out of the keychain, where no other process can take it up again. That may fail: it opens nothing. */
async function forgetEntry({ id, kind }: KeyEncryptionKeyInfo, { keychain }: KeySource): Promise<void> {
  if (kind === 'keychain') await keychain.delete(id).catch(() => {});
}

/** Removes the old key's file where this program made it, and only while that very key is in it. */
function forgetFile({ id, kind }: KeyEncryptionKeyInfo, { settings }: KeySource): void {
  // A file that was named may serve other stores, and other hosts.
  if (kind !== 'file' || settings.keyFile !== null) return;
  const path = keyFilePath(settings);
  const key = readKeyFile(path);
  if (key !== null && keyId(key) === id) rmSync(path);
}
