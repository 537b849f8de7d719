import { isDeepStrictEqual } from 'node:util';
import type { WrappedDataKey } from '../../crypto/data-key.ts';
import { kidOf } from '../../crypto/jwe.ts';
import { authorizeKey } from '../../crypto/key-authorization.ts';
import { shortKeyId } from '../../crypto/key-id.ts';
import { publicKeyOf } from '../../crypto/key-pair.ts';
import { KeyRing, type SecretRef } from '../../crypto/key-ring.ts';
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
import { isRemembered, rememberedKeys, rememberKeys } from '../integrity/key-memory.ts';
import { defaultKeyName } from './host.ts';
import { awaitsReplacement, finishKeyFileSwap, type KeySource, type LoadedKey, loadKey } from './load-key.ts';

/** How long to wait before looking up a missing data key again. Milliseconds. */
const retryAfterMs = 5_000;
/** The same if the store did not respond. */
const retryBusyStoreAfterMs = 500;

/** A data key that could not be loaded. */
interface MissingKey {
  askedAt: number;
  /** Why the key could not be loaded; null if the store does not contain it. */
  error: BrokerError | null;
}

/**
 * The keys of an open store. Another process or host may replace the data key at any time. So a data key that this process does
 * not have is looked up, and every token is encrypted with the data key that is the newest at that moment.
 */
export class VaultKeys {
  readonly source: KeySource;
  readonly #db: Db;
  #kek: LoadedKey;
  #ring: KeyRing;
  /** The previous key ring. A ciphertext that was just read may need a data key that was deleted since. */
  #previous: KeyRing | null = null;
  readonly #missing = new Map<string, MissingKey>();
  #lastFailure: { at: number; error: BrokerError } | null = null;
  #refreshing: Promise<void> | null = null;

  /** Data keys received from other hosts, wrapped with this host's key and not stored yet. */
  #received: WrappedDataKey[] = [];

  private constructor(db: Db, source: KeySource, { kek, ring, received }: Omit<LoadedKeys, 'known'>) {
    this.#db = db;
    this.source = source;
    this.#kek = kek;
    this.#ring = ring;
    this.#received = received;
    useMacKeys(db, this);
  }

  /** The keys of a store, opened with a key-encryption key that was not loaded from its usual location. */
  static of(db: Db, source: KeySource, kek: LoadedKey, ring: KeyRing): VaultKeys {
    return new VaultKeys(db, source, { kek, ring, received: [] });
  }

  static async open(db: Db, source: KeySource): Promise<VaultKeys> {
    const loaded = await loadKeys(db, source, null);
    const keys = new VaultKeys(db, source, loaded);
    if (awaitsReplacement(loaded.known, source)) await finishInterruptedSwap(db, source);
    await keys.#remember();
    return keys;
  }

  /** Stores the received data keys, wrapped with this host's key, and deletes the older ones that authorized them. */
  async storeReceived(db: Db): Promise<void> {
    const received = this.#received;
    this.#received = [];
    for (const wrapped of received) await rewrapDataKey(db, wrapped);
    if (received.length > 0 && (await activeRotation(db)) === null) {
      await deleteDataKeysBefore(db, this.#kek.info.id, this.#ring.generation);
    }
  }

  /** The key-encryption key of this host. */
  get kek(): LoadedKey {
    return this.#kek;
  }

  /** Uses another key-encryption key from now on. */
  useKek(kek: LoadedKey): void {
    this.#kek = kek;
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Decrypts a secret; within a transaction, `db` is the transaction. Throws `E_INTEGRITY` with the reason. */
  async open(ciphertext: string, ref: SecretRef, db?: Db): Promise<string> {
    if (!this.hasKeyFor(ciphertext)) await this.refreshKeyFor(ciphertext, db);
    return this.decryptSync(ciphertext, ref);
  }

  /** The same synchronously, after `hasKeyFor`. Also throws the reason if its key could not be loaded. */
  decryptSync(ciphertext: string, ref: SecretRef): string {
    const id = kidOrEmpty(ciphertext);
    const ring = !this.#ring.has(id) && this.#previous?.has(id) ? this.#previous : this.#ring;
    const reason = ring.has(id) ? null : this.#missing.get(id)?.error;
    if (reason) throw reason;
    return ring.open(ciphertext, ref);
  }

  /** Whether to decrypt without a lookup: this process has the key, or has just looked it up without success. */
  hasKeyFor(ciphertext: string): boolean {
    const id = kidOrEmpty(ciphertext);
    if (id === '' || this.#ring.has(id) || this.#previous?.has(id)) return true;
    const missing = this.#missing.get(id);
    if (missing === undefined) return false;
    return this.#isRecent(missing.askedAt, missing.error);
  }

  #isRecent(askedAt: number, error: BrokerError | null): boolean {
    const forMs = error?.code.startsWith('E_STORE_') ? retryBusyStoreAfterMs : retryAfterMs;
    return Math.abs(this.source.now() - askedAt) < forMs;
  }

  /** Why the last lookup failed, as long as repeating it cannot help. */
  get refreshError(): BrokerError | null {
    const failure = this.#lastFailure;
    return failure !== null && this.#isRecent(failure.at, failure.error) ? failure.error : null;
  }

  /** Looks up the key of this ciphertext, because another process may have created a new one. Remembers a failure. */
  async refreshKeyFor(ciphertext: string, db?: Db): Promise<void> {
    const id = kidOrEmpty(ciphertext);
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
   * Checks that this process has the store's newest data key. Throws `E_KEY_REMOVED` if its key was removed, and any error of
   * the lookup.
   */
  async requireAccess(): Promise<void> {
    const newest = await newestDataKey(this.#db);
    if (newest === null || this.#ring.has(newest.id)) return;
    await this.refresh();
    if (!this.#ring.has(newest.id)) throw notAuthorized(this.#kek.info.id);
  }

  /** Encrypts a secret with the store's newest data key, within the transaction that stores it. */
  async seal(trx: Db, secret: string, ref: SecretRef): Promise<string> {
    const newest = await newestDataKey(trx);
    if (newest?.id !== this.#ring.primaryKey.id) await this.refresh(trx);
    if (newest !== null && newest.id !== this.#ring.primaryKey.id) {
      throw new BrokerError('E_KEY', "This host's key is not authorized for the current data key.", {
        help: [
          { text: 'Request access on this host', command: ['key', 'request'] },
          {
            text: 'Then remove the old key and approve the request on another host',
            command: ['key', 'add'],
          },
        ],
      });
    }
    return await this.#ring.seal(secret, ref);
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
    const { kek, ring, received } = await loadKeys(db, this.source, this.#kek).catch((error: unknown) => {
      if (error instanceof BrokerError) this.#lastFailure = { at, error };
      throw error;
    });
    this.#lastFailure = null;
    if (ring.primaryKey.id !== this.#ring.primaryKey.id) this.#previous = this.#ring;
    this.#kek = kek;
    this.#ring = ring;
    this.#received = received;
    this.#missing.clear();
  }

  /**
   * Stores the received data keys and records the newest one, unless this was already done or the store has changed since.
   * Best effort: a store that cannot be written can still be read.
   */
  async #remember(): Promise<void> {
    try {
      await this.storeReceived(this.#db);
      const { info } = this.#kek;
      const { generation, primaryKey } = this.#ring;
      if (await isRemembered(this.source, info.kind, info.id, primaryKey.id)) return;
      // Within a write transaction, because a restore deletes this record, and it must not be written again afterwards.
      await this.#db.transaction().execute(async (trx) => {
        if ((await newestDataKey(trx))?.id !== primaryKey.id) return;
        await rememberKeys(this.source, info.kind, info.id, { generation, dataKeyId: primaryKey.id });
      });
    } catch {
      // The next process that opens the store will try again.
    }
  }
}

/** Completes a key file replacement that another process did not complete. */
async function finishInterruptedSwap(db: Db, source: KeySource): Promise<void> {
  const finishing = db
    .transaction()
    .execute(async (trx) => finishKeyFileSwap(await listKeyEncryptionKeys(trx), source));
  // Until it succeeds, the new file is read from its temporary path.
  await finishing.catch(() => {});
}

interface LoadedKeys {
  /** Every key-encryption key of the store. */
  known: KeyEncryptionKeyInfo[];
  kek: LoadedKey;
  ring: KeyRing;
  received: WrappedDataKey[];
}

/**
 * Loads this host's key-encryption key (`kek` if it is still valid) and unwraps its data keys. Another process may replace the
 * keys at any moment, so an error is only reported if the store still has the same keys afterwards.
 * Throws the errors of `loadKey` and `KeyRing.open`, and `E_KEY_REMOVED` if `kek` lost its access.
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
  const kek = isKept ? before : await loadOtherKey(known, source, before);
  const own = wrappedFor(kek.info.id);
  if (own.length === 0) throw notAuthorized(kek.info.id);
  // Read after the rows, because an intended restore has deleted it by then.
  const remembered = await rememberedKeys(source, kek.info.kind, kek.info.id);
  return { known, kek, ...(await KeyRing.open(own, kek.key, remembered)) };
}

async function loadOtherKey(
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
    `This host's key, ${shortKeyId(id)}, was removed: it is not authorized to open this store.`,
    {
      help: [
        'Nothing was changed.',
        { text: 'To get access again, request it on this host', command: ['key', 'request'] },
        { text: 'Then approve the request on a host that has access, and restart', command: ['key', 'add'] },
      ],
      cause,
    },
  );
}

/** The row about a loaded key in the store. */
export async function keyRecordOf(
  { info, key }: LoadedKey,
  ring: KeyRing,
  createdAt: number,
): Promise<KeyEncryptionKeyRecord & { publicKey: string; authorization: string }> {
  const publicKey = publicKeyOf(key);
  const authorization = await authorizeKey({ id: info.id, publicKey }, ring.primaryKey);
  return { info, name: defaultKeyName(), publicKey, authorization, createdAt };
}

function kidOrEmpty(ciphertext: string): string {
  try {
    return kidOf(ciphertext);
  } catch {
    return '';
  }
}
