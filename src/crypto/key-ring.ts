import { BrokerError } from '../errors/broker-error.ts';
import { unwrapDataKey, type WrappedDataKey, wrapDataKey } from './data-key.ts';
import { DecryptionError, kidOf, open, seal } from './jwe.ts';
import { keyId } from './key-id.ts';
import { enrollmentKeyOf } from './key-pair.ts';
import { type AuthorizingKey, unwrapForRecipient } from './wrap-for-recipient.ts';

/** Which row a sealed token stands in. */
export interface TokenRef {
  tokenId: string;
  profileId: string;
}

/** Opens a sealed token with the one data key that is at hand, where that is the one it was sealed with. */
export function openToken(sealed: string, dataKey: Uint8Array, dataKeyId: string, place: TokenRef): string {
  return open(sealed, dataKey, dataKeyId, tokenAad(place)).toString('utf8');
}

function tokenAad(place: TokenRef): Record<string, string> {
  return { token: place.tokenId, profile: place.profileId };
}

/** What this host remembers of the data keys that it held before. */
export interface RememberedKeys {
  /** The highest generation that it held, and the ID of that data key. */
  generation: number;
  dataKeyId: string;
  /** Whether the key-encryption key in question has opened a data key before. */
  hasOpened: boolean;
}

/** The data keys that this process can use. The last one seals, all of them open. */
export class KeyRing {
  readonly #keys = new Map<string, Buffer>();
  #sealingKeyId = '';
  /** The generation of the data key that seals. -1: there is none. */
  generation = -1;

  /** @param wrapped oldest first. Throws `E_INTEGRITY` where one does not open with this key-encryption key. */
  constructor(wrapped: WrappedDataKey[], keyEncryptionKey: Uint8Array) {
    for (const each of wrapped) this.#add(each, unwrapOwn(each, keyEncryptionKey));
  }

  /**
   * The ring of a key-encryption key, with what was granted to it from elsewhere. `granted` are the same data keys,
   * wrapped for the key itself: kept in their place, they open without the key that vouched for them.
   *
   * A data key that was granted counts only where the data key of the generation right before it vouches for it, and
   * where it is newer than everything that this host held: who had an older data key vouches for nothing any more. The
   * key of a request vouches for the first data key alone, and only as long as this host has not opened any.
   * Throws `E_INTEGRITY` where one cannot be trusted, `E_STORE_ROLLED_BACK` where the newest is older than the one remembered.
   */
  static async open(
    wrapped: WrappedDataKey[],
    keyEncryptionKey: Uint8Array,
    remembered: RememberedKeys | null = null,
  ): Promise<{ ring: KeyRing; granted: WrappedDataKey[] }> {
    const ring = new KeyRing([], keyEncryptionKey);
    const granted: WrappedDataKey[] = [];
    for (const each of wrapped) {
      const voucher = ring.#voucherOf(each, keyEncryptionKey, remembered);
      if (voucher === null) {
        if (granted.length > 0)
          throw integrityError(new DecryptionError('misplaced', 'it follows one that was never used'));
        ring.#add(each, unwrapOwn(each, keyEncryptionKey));
        continue;
      }
      try {
        const dataKey = await unwrapForRecipient(each, keyEncryptionKey, voucher);
        ring.#add(each, dataKey);
        granted.push(await wrapDataKey(dataKey, each.generation, keyEncryptionKey));
      } catch (error) {
        throw integrityError(error);
      }
    }
    if (remembered !== null && ring.generation < remembered.generation) throw older(ring, remembered);
    const isOther = ring.generation === remembered?.generation && ring.#sealingKeyId !== remembered.dataKeyId;
    if (isOther)
      throw integrityError(new DecryptionError('other-key', 'another one of its generation was seen here'));
    return { ring, granted };
  }

  /** Which key vouches for a data key that was granted; null where it is wrapped for the key itself. */
  #voucherOf(
    wrapped: WrappedDataKey,
    keyEncryptionKey: Uint8Array,
    remembered: RememberedKeys | null,
  ): AuthorizingKey | null {
    let id: string;
    try {
      id = kidOf(wrapped.jwe);
    } catch {
      return null;
    }
    if (id === wrapped.keyEncryptionKeyId) return null;
    const isFirstHere = remembered === null || !remembered.hasOpened;
    const isRemembered = wrapped.dataKeyId === remembered?.dataKeyId;
    const isNew = isFirstHere || isRemembered || wrapped.generation > remembered.generation;
    const previous = this.#keys.get(this.#sealingKeyId);
    if (previous !== undefined && this.#sealingKeyId === id && isNew) return { id, key: previous };
    const enrollmentKey = enrollmentKeyOf(keyEncryptionKey);
    const mayEnroll = this.#keys.size === 0 && (isFirstHere || isRemembered);
    if (mayEnroll && keyId(enrollmentKey) === id) return { id, key: enrollmentKey };
    throw integrityError(new DecryptionError('other-key', 'a key vouches for it that no longer counts'));
  }

  /** The newest data key. Throws `E_KEY` where there is none. */
  get primaryKey(): AuthorizingKey {
    const key = this.#keys.get(this.#sealingKeyId);
    if (key === undefined) throw new BrokerError('E_KEY', 'The store holds no data key for this key.');
    return { id: this.#sealingKeyId, key };
  }

  /** Every data key, oldest first. */
  get dataKeys(): AuthorizingKey[] {
    return [...this.#keys].map(([id, key]) => ({ id, key }));
  }

  has(dataKeyId: string): boolean {
    return this.#keys.has(dataKeyId);
  }

  #add({ dataKeyId, generation }: WrappedDataKey, dataKey: Buffer): void {
    if (this.#keys.size > 0 && generation !== this.generation + 1) {
      throw integrityError(new DecryptionError('misplaced', 'its generation does not follow the one before'));
    }
    this.#keys.set(dataKeyId, dataKey);
    this.#sealingKeyId = dataKeyId;
    this.generation = generation;
  }

  async seal(token: string, place: TokenRef): Promise<string> {
    const { id, key } = this.primaryKey;
    return await seal(Buffer.from(token, 'utf8'), key, id, tokenAad(place));
  }

  /** Throws `E_INTEGRITY`, which says what is wrong with the row, where it cannot be opened. */
  open(sealed: string, place: TokenRef): string {
    try {
      const dataKeyId = kidOf(sealed);
      const key = this.#keys.get(dataKeyId);
      if (key === undefined)
        throw new DecryptionError('other-key', 'it was sealed with a key that is not here');
      return openToken(sealed, key, dataKeyId, place);
    } catch (error) {
      throw integrityError(
        error,
        'A stored token',
        'Sign in again to replace this token, or restore a backup.',
      );
    }
  }
}

function unwrapOwn(wrapped: WrappedDataKey, keyEncryptionKey: Uint8Array): Buffer {
  try {
    return unwrapDataKey(wrapped, keyEncryptionKey);
  } catch (error) {
    throw integrityError(error);
  }
}

function older({ generation }: KeyRing, remembered: RememberedKeys): BrokerError {
  return new BrokerError(
    'E_STORE_ROLLED_BACK',
    `The store's newest data key has the generation ${generation}, and ${remembered.generation} was seen here: the store was set back to older keys.`,
    {
      help: 'Was an older copy of the database put back, or was a backup restored on another host? If this was meant, accept it here too: webex-token restore --accept-rollback. Nothing was changed.',
    },
  );
}

function integrityError(
  error: unknown,
  what = "The store's own data key",
  help = 'Restore a backup. Nothing was changed.',
): unknown {
  if (!(error instanceof DecryptionError)) return error;
  return new BrokerError('E_INTEGRITY', `${what} cannot be trusted: ${error.message}.`, {
    help: `The database was changed from outside or is damaged. ${help}`,
    cause: error,
  });
}
