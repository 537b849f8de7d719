import { randomBytes } from 'node:crypto';
import { kidOf } from '../../crypto/jwe.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { renewSignatures } from '../../store/audit/heads.ts';
import type { Db } from '../../store/db.ts';
import { renewHead } from '../../store/integrity/changes.ts';
import { renewMacs } from '../../store/integrity/renew-macs.ts';
import { authenticateChanges } from '../../store/integrity/write-macs.ts';
import { deleteDataKeysBefore, listAllDataKeys, newestDataKey } from '../../store/keys/keys.ts';
import { activeRotation, endRotation, startRotation } from '../../store/keys/rotation.ts';
import { setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';
import {
  ciphertextsAfter,
  countTokens,
  iterateCiphertexts,
  replaceCiphertext,
} from '../../store/profiles/tokens.ts';
import { saveChannel, storedChannel, storedChannelNames } from '../../store/reminders/channels.ts';
import { deleteUpgradeCopies } from '../../store/sqlite/upgrade-copy.ts';
import type { Actor, Vault } from '../context.ts';
import { wrapForAllKeks } from '../keys/wrap-data-key.ts';
import { databaseFile } from '../store-location.ts';

export interface RotationResult {
  /** How many tokens this process re-encrypted. */
  reencrypted: number;
  /** IDs of tokens that no key can decrypt. They are left unchanged. */
  unreadable: string[];
  /** Whether this completed an interrupted rotation. */
  resumed: boolean;
}

type KeyContext = Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>;

/**
 * Creates a new data key, re-encrypts every token with it, and deletes the previous data key. The rotation may be interrupted
 * at any point; the next run, in any process or on any host, resumes it. Several processes share the work. `prepare` runs in
 * the transaction that creates the new key.
 */
export async function rotateDataKey(
  vault: KeyContext,
  actor: Actor,
  progress: (done: number, total: number) => void = () => {},
  prepare?: (trx: Db) => Promise<void>,
): Promise<RotationResult> {
  let resumed = false;
  if (prepare !== undefined) {
    // The earlier key holders know the key of an active rotation, so that rotation is completed before a new one starts.
    while (!(await start(vault, actor, prepare))) await resume(vault, actor, progress);
  } else {
    resumed = !(await start(vault, actor));
  }
  return { ...(await resume(vault, actor, progress)), resumed };
}

/** Starts a rotation. Returns false, without changing anything, if one is active. */
async function start(
  vault: KeyContext,
  actor: Actor,
  prepare?: (trx: Db) => Promise<void>,
): Promise<boolean> {
  const started = await vault.db.transaction().execute(async (trx) => {
    if ((await activeRotation(trx)) !== null) return false;
    await vault.keys.refresh(trx);
    await prepare?.(trx);
    const newest = await newestDataKey(trx);
    const dataKey = randomBytes(32);
    await wrapForAllKeks(trx, vault.keys, dataKey, (newest?.generation ?? -1) + 1, vault.now());
    await startRotation(trx, keyId(dataKey));
    await appendAudit(trx, vault.now(), {
      action: 'key-rotate',
      outcome: 'started',
      subject: shortKeyId(keyId(dataKey)),
      ...actor,
    });
    return true;
  });
  await vault.keys.refresh();
  return started;
}

/** How many tokens one transaction re-encrypts. Other writers have to wait for it. */
const batchSize = 200;

async function resume(
  vault: KeyContext,
  actor: Actor,
  progress: (done: number, total: number) => void,
): Promise<Omit<RotationResult, 'resumed'>> {
  const total = await countTokens(vault.db);
  const unreadable = new Set<string>();
  let reencrypted = 0;
  let seen = 0;
  let last: string | null = '';
  while (last !== null) {
    const after: string = last;
    const batch = await vault.db.transaction().execute(async (trx) => {
      const tokens = await ciphertextsAfter(trx, after, batchSize);
      return { ...(await reencryptAll(vault, trx, tokens, unreadable)), size: tokens.length };
    });
    reencrypted += batch.reencrypted;
    seen += batch.size;
    last = batch.last;
    progress(Math.min(seen, total), total);
  }
  while ((await vault.db.transaction().execute((trx) => renewSome(trx))) > 0);
  reencrypted += await vault.db.transaction().execute((trx) => finish(vault, trx, actor, unreadable));
  await vault.keys.refresh();
  // The tokens in these copies are encrypted with the previous data key.
  deleteUpgradeCopies(databaseFile(vault.settings.home), 'all');
  return { reencrypted, unreadable: [...unreadable] };
}

/** Renews the MACs of some rows with the newest data key. Returns how many. */
async function renewSome(trx: Db): Promise<number> {
  const newest = await newestDataKey(trx);
  return newest === null ? 0 : await renewMacs(trx, newest.id, batchSize);
}

interface StoredCiphertext {
  id: string;
  profileId: string;
  ciphertext: string;
}

async function reencryptAll(
  { keys }: KeyContext,
  trx: Db,
  tokens: StoredCiphertext[],
  unreadable: Set<string>,
): Promise<{ reencrypted: number; last: string | null }> {
  // Another process may have completed this rotation and started another one. Then the newest key is not this one.
  const newest = await newestDataKey(trx);
  let reencrypted = 0;
  for (const { id, profileId, ciphertext } of tokens) {
    if (isEncryptedWith(ciphertext, newest?.id ?? '')) continue;
    const ref = { tokenId: id, profileId };
    try {
      const token = await keys.open(ciphertext, ref, trx);
      await replaceCiphertext(trx, id, await keys.seal(trx, token, ref));
      reencrypted += 1;
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === 'E_INTEGRITY')) throw error;
      unreadable.add(id);
    }
  }
  return { reencrypted, last: tokens.at(-1)?.id ?? null };
}

function isEncryptedWith(ciphertext: string, dataKeyId: string): boolean {
  try {
    return kidOf(ciphertext) === dataKeyId;
  } catch {
    return false;
  }
}

/** Re-encrypts the reminder channels' settings. Those that cannot be read are left unchanged, and reported when used. */
async function reencryptChannels({ keys }: KeyContext, trx: Db, dataKeyId: string): Promise<void> {
  for (const reminderChannel of await storedChannelNames(trx)) {
    const ref = { reminderChannel };
    try {
      const stored = await storedChannel(trx, reminderChannel);
      if (stored === null || isEncryptedWith(stored.ciphertext, dataKeyId)) continue;
      const settings = await keys.open(stored.ciphertext, ref, trx);
      await saveChannel(trx, { ...stored, ciphertext: await keys.seal(trx, settings, ref) });
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === 'E_INTEGRITY')) throw error;
    }
  }
}

/** Deletes the old data keys once no token needs them. */
async function finish(vault: KeyContext, trx: Db, actor: Actor, unreadable: Set<string>): Promise<number> {
  const dataKeyId = await activeRotation(trx);
  // Another process has completed the rotation.
  if (dataKeyId === null) return 0;
  const left: StoredCiphertext[] = [];
  for await (const token of iterateCiphertexts(trx)) {
    if (!isEncryptedWith(token.ciphertext, dataKeyId) && !unreadable.has(token.id)) left.push(token);
  }
  const { reencrypted } = await reencryptAll(vault, trx, left, unreadable);
  await reencryptChannels(vault, trx, dataKeyId);
  await authenticateChanges(trx);
  while ((await renewSome(trx)) > 0) await authenticateChanges(trx);
  for (const wrapped of await listAllDataKeys(trx)) {
    // A key holder that has not received the new data key yet needs the previous one, which authorizes it.
    const received = isEncryptedWith(wrapped.jwe, wrapped.keyEncryptionKeyId);
    if (wrapped.dataKeyId === dataKeyId && received) {
      await deleteDataKeysBefore(trx, wrapped.keyEncryptionKeyId, wrapped.generation);
    }
  }
  await endRotation(trx);
  await renewSignatures(trx);
  await setStoreIdentity(trx, await storeIdentity(trx));
  renewHead(trx);
  await appendAudit(trx, vault.now(), {
    action: 'key-rotate',
    outcome: 'ok',
    subject: shortKeyId(dataKeyId),
    ...actor,
  });
  return reencrypted;
}
