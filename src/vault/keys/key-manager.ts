import { isDeepStrictEqual } from 'node:util';
import type { WrappedDataKey } from '../../crypto/data-key.ts';
import { kidOf } from '../../crypto/jwe.ts';
import { authorizeKey } from '../../crypto/key-authorization.ts';
import { shortKeyId } from '../../crypto/key-id.ts';
import { publicKeyOf } from '../../crypto/key-pair.ts';
import { KeyRing, type TokenRef } from '../../crypto/key-ring.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../../store/db.ts';
import { useMacKeys } from '../../store/integrity/mac-keys.ts';
import {
  deleteDataKeysBefore,
  type KeyEncryptionKeyInfo,
  type KeyEncryptionKeyRecord,
  listAllDataKeys,
  listKeyEncryptionKeys,
  newestDataKey,
  rewrapDataKey,
} from '../../store/keys/keys.ts';
import { activeRotation } from '../../store/keys/rotation.ts';
import { rememberedKeys, rememberKeys } from '../integrity/key-memory.ts';
import { defaultKeyName } from './host.ts';
import { awaitsReplacement, finishKeyFileSwap, type KeySource, type LoadedKey, loadKey } from './load-key.ts';

/** How long a data key that could not be had is not asked for again. Milliseconds. */
const missingForMs = 5_000;
/** The same where the store did not answer. */
const noAnswerForMs = 500;

/** A data key that could not be had. */
interface MissingKey {
  askedAt: number;
  /** Why; null where the store does not know it. */
  error: BrokerError | null;
}

/**
 * The keys of an open store. The store's data key may be replaced at any time by another process or host: what this
 * one does not know is looked up again, and what it seals is sealed with the key that is the store's at that moment.
 */
export class VaultKeys {
  readonly source: KeySource;
  readonly #db: Db;
  #held: LoadedKey;
  #ring: KeyRing;
  /** The one before: a text that was read a moment ago may still be sealed with a key that has just been dropped. */
  #previous: KeyRing | null = null;
  readonly #missing = new Map<string, MissingKey>();
  #lastFailure: { at: number; error: BrokerError } | null = null;
  #refreshing: Promise<void> | null = null;

  /** Data keys that were granted and not yet kept, wrapped for the key itself. */
  #granted: WrappedDataKey[] = [];

  private constructor(db: Db, source: KeySource, { kek, ring, granted }: Omit<LoadedKeys, 'known'>) {
    this.#db = db;
    this.source = source;
    this.#held = kek;
    this.#ring = ring;
    this.#granted = granted;
    useMacKeys(db, this);
  }

  /** The keys of a store for which a key was obtained in another way than from its usual place. */
  static of(db: Db, source: KeySource, kek: LoadedKey, ring: KeyRing): VaultKeys {
    return new VaultKeys(db, source, { kek: kek, ring, granted: [] });
  }

  static async open(db: Db, source: KeySource): Promise<VaultKeys> {
    const loaded = await loadKeys(db, source, null);
    const keys = new VaultKeys(db, source, loaded);
    if (awaitsReplacement(loaded.known, source)) await finishInTurn(db, source);
    await keys.#remember();
    return keys;
  }

  /** Wrapped for this key itself, the data keys that it was granted need no older key any more. */
  async keepGranted(db: Db): Promise<void> {
    const granted = this.#granted;
    this.#granted = [];
    for (const wrapped of granted) await rewrapDataKey(db, wrapped);
    if (granted.length > 0 && (await activeRotation(db)) === null) {
      await deleteDataKeysBefore(db, this.#held.info.id, this.#ring.generation);
    }
  }

  /** The key-encryption key that opened the store here. */
  get kek(): LoadedKey {
    return this.#held;
  }

  /** From now on, another key opens the store here. */
  useKek(kek: LoadedKey): void {
    this.#held = kek;
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Opens a sealed token; within a transaction, `db` is the transaction. Throws `E_INTEGRITY`, which says what is wrong. */
  async open(ciphertext: string, place: TokenRef, db?: Db): Promise<string> {
    if (!this.hasKeyFor(ciphertext)) await this.refreshKeyFor(ciphertext, db);
    return this.decryptSync(ciphertext, place);
  }

  /** The same at once, for whoever has asked `knows` before. Throws the reason too where its key could not be had. */
  decryptSync(ciphertext: string, place: TokenRef): string {
    const id = keyIdOrNothing(ciphertext);
    const ring = !this.#ring.has(id) && this.#previous?.has(id) ? this.#previous : this.#ring;
    const reason = ring.has(id) ? null : this.#missing.get(id)?.error;
    if (reason) throw reason;
    return ring.open(ciphertext, place);
  }

  /** Whether there is no use in looking up the key of this text before it is opened. */
  hasKeyFor(ciphertext: string): boolean {
    const id = keyIdOrNothing(ciphertext);
    if (id === '' || this.#ring.has(id) || this.#previous?.has(id)) return true;
    const missing = this.#missing.get(id);
    if (missing === undefined) return false;
    return this.#isRecent(missing.askedAt, missing.error);
  }

  #isRecent(askedAt: number, error: BrokerError | null): boolean {
    const forMs = error?.code.startsWith('E_STORE_') ? noAnswerForMs : missingForMs;
    return Math.abs(this.source.now() - askedAt) < forMs;
  }

  /** Why the last look-up failed, for as long as repeating it is of no use. */
  get refreshError(): BrokerError | null {
    const failure = this.#lastFailure;
    return failure !== null && this.#isRecent(failure.at, failure.error) ? failure.error : null;
  }

  /** Asks the store for the key of this text: another process may have made a new one. A failure is remembered. */
  async refreshKeyFor(ciphertext: string, db?: Db): Promise<void> {
    const id = keyIdOrNothing(ciphertext);
    const askedAt = this.source.now();
    try {
      await this.refresh(db);
      if (!this.#ring.has(id)) this.#missing.set(id, { askedAt, error: null });
    } catch (error) {
      if (error instanceof BrokerError) this.#missing.set(id, { askedAt, error });
      throw error;
    }
  }

  /**
   * Makes sure that this process opens what is stored from now on. Throws `E_KEY_REMOVED` where its key was removed,
   * and what looking up the keys throws.
   */
  async requireAccess(): Promise<void> {
    const newest = await newestDataKey(this.#db);
    if (newest === null || this.#ring.has(newest.id)) return;
    await this.refresh();
    if (!this.#ring.has(newest.id)) throw notAuthorized(this.#held.info.id);
  }

  /** Seals a token with the store's newest data key, within the transaction that stores it. */
  async seal(trx: Db, token: string, place: TokenRef): Promise<string> {
    const newest = await newestDataKey(trx);
    if (newest?.id !== this.#ring.primaryKey.id) await this.refresh(trx);
    if (newest !== null && newest.id !== this.#ring.primaryKey.id) {
      throw new BrokerError(
        'E_KEY',
        "The store's newest data key was not given to the key of this machine.",
        {
          help: 'Somebody who can open the store lets this key in again: webex-token key remove here, webex-token key request on this machine, then webex-token key add.',
        },
      );
    }
    return await this.#ring.seal(token, place);
  }

  /** Looks up the store's keys again. Within a transaction, `db` is the transaction. */
  async refresh(db?: Db): Promise<void> {
    if (db !== undefined) return await this.#load(db);
    this.#refreshing ??= this.#load(this.#db)
      .then(() => this.#remember())
      .finally(() => {
        this.#refreshing = null;
      });
    await this.#refreshing;
  }

  async #load(db: Db): Promise<void> {
    const at = this.source.now();
    const { kek, ring, granted } = await loadKeys(db, this.source, this.#held).catch((error: unknown) => {
      if (error instanceof BrokerError) this.#lastFailure = { at, error };
      throw error;
    });
    this.#lastFailure = null;
    if (ring.primaryKey.id !== this.#ring.primaryKey.id) this.#previous = this.#ring;
    this.#held = kek;
    this.#ring = ring;
    this.#granted = granted;
    this.#missing.clear();
  }

  /**
   * Keeps what was granted and takes note of what was opened, unless that is done, or the store has gone on. Best
   * effort: a store that cannot be written to at this moment can still be read.
   */
  async #remember(): Promise<void> {
    try {
      await this.keepGranted(this.#db);
      const { info } = this.#held;
      const { generation, primaryKey } = this.#ring;
      const known = await rememberedKeys(this.source, info.kind, info.id);
      if (known?.hasOpened && known.dataKeyId === primaryKey.id) return;
      // Within the lock of all writers: a restore forgets what was seen, and must not find it again.
      await this.#db.transaction().execute(async (trx) => {
        if ((await newestDataKey(trx))?.id !== primaryKey.id) return;
        await rememberKeys(this.source, info.kind, info.id, { generation, dataKeyId: primaryKey.id });
      });
    } catch {
      // The next one who opens it does so.
    }
  }
}

/** Ends the replacement of a key file that another process was stopped in. */
async function finishInTurn(db: Db, source: KeySource): Promise<void> {
  const finishing = db
    .transaction()
    .execute(async (trx) => finishKeyFileSwap(await listKeyEncryptionKeys(trx), source));
  // Until it is finished, the new file is read where it is.
  await finishing.catch(() => {});
}

interface LoadedKeys {
  /** Every key-encryption key of the store. */
  known: KeyEncryptionKeyInfo[];
  kek: LoadedKey;
  ring: KeyRing;
  granted: WrappedDataKey[];
}

/**
 * The key that opens the store here (`held`, if it still does) and the data keys that it opens. The store's keys may
 * be replaced at any moment: a key is missing only if the store still names the same keys afterwards.
 * Throws what `obtainKey` and `KeyRing.open` throw, and `E_KEY_REMOVED` where `held` lost its access.
 */
async function loadKeys(db: Db, source: KeySource, kek: LoadedKey | null): Promise<LoadedKeys> {
  let stored = await readKeys(db);
  for (;;) {
    try {
      return await openStoredKeys(stored, source, kek);
    } catch (error) {
      const now = await readKeys(db);
      if (isDeepStrictEqual(now, stored)) throw error;
      stored = now;
    }
  }
}

interface StoredKeys {
  known: KeyEncryptionKeyInfo[];
  wrapped: WrappedDataKey[];
}

async function readKeys(db: Db): Promise<StoredKeys> {
  return { known: await listKeyEncryptionKeys(db), wrapped: await listAllDataKeys(db) };
}

async function openStoredKeys(
  { known, wrapped }: StoredKeys,
  source: KeySource,
  before: LoadedKey | null,
): Promise<LoadedKeys> {
  const wrappedFor = (id: string) => wrapped.filter(({ keyEncryptionKeyId }) => keyEncryptionKeyId === id);
  const isKept = before !== null && wrappedFor(before.info.id).length > 0;
  const kek = isKept ? before : await obtainOther(known, source, before);
  const own = wrappedFor(kek.info.id);
  if (own.length === 0) throw notAuthorized(kek.info.id);
  // Read after the rows: a restore that was made on purpose has forgotten it by then.
  const remembered = await rememberedKeys(source, kek.info.kind, kek.info.id);
  return { known, kek: kek, ...(await KeyRing.open(own, kek.key, remembered)) };
}

async function obtainOther(
  known: KeyEncryptionKeyInfo[],
  source: KeySource,
  before: LoadedKey | null,
): Promise<LoadedKey> {
  try {
    return await loadKey(known, source);
  } catch (error) {
    throw before === null ? error : notAuthorized(before.info.id, error);
  }
}

function notAuthorized(id: string, cause?: unknown): BrokerError {
  return new BrokerError(
    'E_KEY_REMOVED',
    `The key of this machine, ${shortKeyId(id)}, is not authorized to open this store: it was removed.`,
    {
      help: 'If that was not meant: run "webex-token key request" here, and "webex-token key add" on a machine that can open the store; then start this program again. Nothing was changed.',
      cause,
    },
  );
}

/** What the store keeps of a key that is at hand here. */
export async function keyRecordOf(
  { info, key }: LoadedKey,
  ring: KeyRing,
  createdAt: number,
): Promise<KeyEncryptionKeyRecord & { publicKey: string; authorization: string }> {
  const publicKey = publicKeyOf(key);
  const authorization = await authorizeKey({ id: info.id, publicKey }, ring.primaryKey);
  return { info, name: defaultKeyName(), publicKey, authorization, createdAt };
}

function keyIdOrNothing(ciphertext: string): string {
  try {
    return kidOf(ciphertext);
  } catch {
    return '';
  }
}
