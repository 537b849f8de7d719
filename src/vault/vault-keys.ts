import { BrokerError } from '../errors.ts';
import { admit } from '../keys/admission.ts';
import { keyIdOf } from '../keys/jwe.ts';
import { KeyRing, type TokenPlace } from '../keys/key-ring.ts';
import { publicKeyOf } from '../keys/wrapping-key.ts';
import {
  deleteDataKeysBefore,
  type KeyEncryptionKeyRecord,
  listDataKeys,
  listKeyEncryptionKeys,
  newestDataKey,
  rewrapDataKey,
} from '../store/keys.ts';
import { rotationUnderWay } from '../store/rotation.ts';
import type { Db } from '../store/store.ts';
import { type HeldKey, type KeySource, obtainKey } from './obtain-key.ts';
import { keyName } from './this-host.ts';

/** How long a data key that the store does not know is not asked for again. Milliseconds. */
const unknownForMs = 5_000;

/**
 * The keys of an open store. The store's data key may be replaced at any time by another process or host: what this
 * one does not know is looked up again, and what it seals is sealed with the key that is the store's at that moment.
 */
export class VaultKeys {
  readonly source: KeySource;
  readonly #db: Db;
  #held: HeldKey;
  #ring: KeyRing;
  /** The one before: a text that was read a moment ago may still be sealed with a key that has just been dropped. */
  #previous: KeyRing | null = null;
  /** Data keys that the store does not know either, and when it was asked. */
  readonly #unknown = new Map<string, number>();
  #refreshing: Promise<void> | null = null;

  private constructor(db: Db, source: KeySource, held: HeldKey, ring: KeyRing) {
    this.#db = db;
    this.source = source;
    this.#held = held;
    this.#ring = ring;
  }

  /** The keys of a store for which a key was obtained in another way than from its usual place. */
  static of(db: Db, source: KeySource, held: HeldKey, ring: KeyRing): VaultKeys {
    return new VaultKeys(db, source, held, ring);
  }

  static async open(db: Db, source: KeySource): Promise<VaultKeys> {
    const held = await obtainKey(await listKeyEncryptionKeys(db), source);
    const { ring, granted } = await KeyRing.open(await listDataKeys(db, held.info.id), held.key);
    // Kept wrapped for this key itself, they need no older key any more.
    for (const wrapped of granted) await rewrapDataKey(db, wrapped);
    if (granted.length > 0 && (await rotationUnderWay(db)) === null) {
      const newest = Math.max(...granted.map(({ generation }) => generation));
      await deleteDataKeysBefore(db, held.info.id, newest);
    }
    return new VaultKeys(db, source, held, ring);
  }

  /** The key-encryption key that opened the store here. */
  get held(): HeldKey {
    return this.#held;
  }

  /** From now on, another key opens the store here. */
  hold(held: HeldKey): void {
    this.#held = held;
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Opens a sealed token; within a transaction, `db` is the transaction. Throws `E_SEAL`, which says what is wrong. */
  async open(sealed: string, place: TokenPlace, db?: Db): Promise<string> {
    if (!this.knows(sealed)) await this.lookUp(sealed, db);
    return this.openNow(sealed, place);
  }

  /** The same at once, for whoever has asked `knows` before. */
  openNow(sealed: string, place: TokenPlace): string {
    const id = keyIdOrNothing(sealed);
    const ring = !this.#ring.has(id) && this.#previous?.has(id) ? this.#previous : this.#ring;
    return ring.open(sealed, place);
  }

  /** Whether there is no use in looking up the key of this text before it is opened. */
  knows(sealed: string): boolean {
    const id = keyIdOrNothing(sealed);
    if (id === '' || this.#ring.has(id) || this.#previous?.has(id)) return true;
    const askedAt = this.#unknown.get(id);
    return askedAt !== undefined && Math.abs(this.source.now() - askedAt) < unknownForMs;
  }

  /** Asks the store for the key of this text: another process may have made a new one. */
  async lookUp(sealed: string, db?: Db): Promise<void> {
    await this.refresh(db);
    const id = keyIdOrNothing(sealed);
    if (!this.#ring.has(id)) this.#unknown.set(id, this.source.now());
  }

  /** Seals a token with the store's newest data key, within the transaction that stores it. */
  async seal(trx: Db, token: string, place: TokenPlace): Promise<string> {
    const newest = await newestDataKey(trx);
    if (newest?.id !== this.#ring.sealingKey.id) await this.refresh(trx);
    if (newest !== null && newest.id !== this.#ring.sealingKey.id) {
      throw new BrokerError(
        'E_KEY',
        "The store's newest data key was not given to the key of this machine.",
        {
          help: 'Somebody who can open the store lets this key in again: webex-token key remove, then webex-token key add.',
        },
      );
    }
    return await this.#ring.seal(token, place);
  }

  /** Looks up the store's keys anew. Within a transaction, `db` is the transaction. */
  async refresh(db?: Db): Promise<void> {
    if (db !== undefined) return await this.#load(db);
    this.#refreshing ??= this.#load(this.#db).finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async #load(db: Db): Promise<void> {
    let wrapped = await listDataKeys(db, this.#held.info.id);
    if (wrapped.length === 0) {
      this.#held = await obtainKey(await listKeyEncryptionKeys(db), this.source);
      wrapped = await listDataKeys(db, this.#held.info.id);
    }
    const { ring } = await KeyRing.open(wrapped, this.#held.key);
    if (ring.sealingKey.id !== this.#ring.sealingKey.id) this.#previous = this.#ring;
    this.#ring = ring;
    this.#unknown.clear();
  }
}

/** What the store keeps of a key that is at hand here. */
export async function recordOf(
  { info, key }: HeldKey,
  ring: KeyRing,
  createdAt: number,
): Promise<KeyEncryptionKeyRecord & { publicKey: string; admission: string }> {
  const publicKey = publicKeyOf(key);
  const admission = await admit({ id: info.id, publicKey }, ring.sealingKey);
  return { info, name: keyName(), publicKey, admission, createdAt };
}

function keyIdOrNothing(sealed: string): string {
  try {
    return keyIdOf(sealed);
  } catch {
    return '';
  }
}
