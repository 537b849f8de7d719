import { randomBytes } from 'node:crypto';
import { kidOf } from '../../crypto/jwe.ts';
import { keyId, shortKeyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { authenticateChanges, renewHead, renewMacs } from '../../store/integrity/row-macs.ts';
import { deleteDataKeysBefore, listAllDataKeys, newestDataKey } from '../../store/keys/keys.ts';
import { activeRotation, endRotation, startRotation } from '../../store/keys/rotation.ts';
import { setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';
import {
  countTokens,
  iterateCiphertexts,
  replaceCiphertext,
  sealedTokensAfter,
} from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../context.ts';
import { wrapForAllKeks } from '../keys/wrap-data-key.ts';

export interface RotationResult {
  /** How many tokens were sealed anew by this process. */
  resealed: number;
  /** Tokens that no key opens: they were left as they are. */
  unreadable: string[];
  /** Whether this carried on what another run had begun. */
  resumed: boolean;
}

type KeyContext = Pick<Vault, 'db' | 'keys' | 'now'>;

/**
 * Gives the store a new data key, seals every token with it, and forgets the one before. It may be interrupted anywhere
 * and is carried on by the next run, by another process or host; several at once do the same work together.
 * `prepare` runs in the transaction that makes the new key, for what has to come before it.
 */
export async function rotateDataKey(
  vault: KeyContext,
  actor: Actor,
  progress: (done: number, total: number) => void = () => {},
  prepare?: (trx: Db) => Promise<void>,
): Promise<RotationResult> {
  let resumed = false;
  if (prepare !== undefined) {
    // What is under way was made for the keys that there were: it ends before a new one begins.
    while (!(await begin(vault, actor, prepare))) await resume(vault, actor, progress);
  } else {
    resumed = !(await begin(vault, actor));
  }
  return { ...(await resume(vault, actor, progress)), resumed: resumed };
}

/** False, and nothing done, where a rotation is under way. */
async function begin(
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
      outcome: 'begun',
      subject: shortKeyId(keyId(dataKey)),
      ...actor,
    });
    return true;
  });
  await vault.keys.refresh();
  return started;
}

/** How many tokens one transaction seals anew: others wait for it meanwhile. */
const batchSize = 200;

async function resume(
  vault: KeyContext,
  actor: Actor,
  progress: (done: number, total: number) => void,
): Promise<Omit<RotationResult, 'resumed'>> {
  const total = await countTokens(vault.db);
  const unreadable = new Set<string>();
  let resealed = 0;
  let seen = 0;
  let last: string | null = '';
  while (last !== null) {
    const after: string = last;
    const batch = await vault.db.transaction().execute(async (trx) => {
      const tokens = await sealedTokensAfter(trx, after, batchSize);
      return { ...(await resealAll(vault, trx, tokens, unreadable)), size: tokens.length };
    });
    resealed += batch.resealed;
    seen += batch.size;
    last = batch.last;
    progress(Math.min(seen, total), total);
  }
  while ((await vault.db.transaction().execute((trx) => renewSome(trx))) > 0);
  resealed += await vault.db.transaction().execute((trx) => finish(vault, trx, actor, unreadable));
  await vault.keys.refresh();
  return { resealed, unreadable: [...unreadable] };
}

/** Gives some rows codes under the newest data key. Returns how many. */
async function renewSome(trx: Db): Promise<number> {
  const newest = await newestDataKey(trx);
  return newest === null ? 0 : await renewMacs(trx, newest.id, batchSize);
}

interface SealedToken {
  id: string;
  profileId: string;
  ciphertext: string;
}

async function resealAll(
  { keys }: KeyContext,
  trx: Db,
  tokens: SealedToken[],
  unreadable: Set<string>,
): Promise<{ resealed: number; last: string | null }> {
  // Another process may have ended this rotation meanwhile, and begun the next: its key is the one to seal with.
  const newest = await newestDataKey(trx);
  let resealed = 0;
  for (const { id, profileId, ciphertext } of tokens) {
    if (isSealedWith(ciphertext, newest?.id ?? '')) continue;
    const place = { tokenId: id, profileId };
    try {
      const token = await keys.open(ciphertext, place, trx);
      await replaceCiphertext(trx, id, await keys.seal(trx, token, place));
      resealed += 1;
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === 'E_INTEGRITY')) throw error;
      unreadable.add(id);
    }
  }
  return { resealed, last: tokens.at(-1)?.id ?? null };
}

function isSealedWith(ciphertext: string, dataKeyId: string): boolean {
  try {
    return kidOf(ciphertext) === dataKeyId;
  } catch {
    return false;
  }
}

/** Forgets the old data keys, once nothing that can be opened is sealed with them. */
async function finish(vault: KeyContext, trx: Db, actor: Actor, unreadable: Set<string>): Promise<number> {
  const dataKeyId = await activeRotation(trx);
  // Another process was faster.
  if (dataKeyId === null) return 0;
  const left: SealedToken[] = [];
  for await (const token of iterateCiphertexts(trx)) {
    if (!isSealedWith(token.ciphertext, dataKeyId) && !unreadable.has(token.id)) left.push(token);
  }
  const { resealed } = await resealAll(vault, trx, left, unreadable);
  await authenticateChanges(trx);
  while ((await renewSome(trx)) > 0) await authenticateChanges(trx);
  for (const wrapped of await listAllDataKeys(trx)) {
    // One that was granted and not used yet needs the one before, which vouches for it.
    const accepted = isSealedWith(wrapped.jwe, wrapped.keyEncryptionKeyId);
    if (wrapped.dataKeyId === dataKeyId && accepted) {
      await deleteDataKeysBefore(trx, wrapped.keyEncryptionKeyId, wrapped.generation);
    }
  }
  await endRotation(trx);
  await setStoreIdentity(trx, await storeIdentity(trx));
  renewHead(trx);
  await appendAudit(trx, vault.now(), {
    action: 'key-rotate',
    outcome: 'ok',
    subject: shortKeyId(dataKeyId),
    ...actor,
  });
  return resealed;
}
