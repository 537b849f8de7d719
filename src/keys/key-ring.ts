import { BrokerError } from '../errors.ts';
import { unwrapDataKey, type WrappedDataKey, wrapDataKey } from './data-key.ts';
import { openGrant, type Voucher } from './grant.ts';
import { keyIdOf, open, SealBroken, seal } from './jwe.ts';
import { keyId } from './key-id.ts';
import { admissionKeyOf } from './wrapping-key.ts';

/** Which row a sealed token stands in. */
export interface TokenPlace {
  tokenId: string;
  profileId: string;
}

/** Opens a sealed token with the one data key that is at hand, where that is the one it was sealed with. */
export function openToken(sealed: string, dataKey: Uint8Array, dataKeyId: string, place: TokenPlace): string {
  return open(sealed, dataKey, dataKeyId, belongingOf(place)).toString('utf8');
}

function belongingOf(place: TokenPlace): Record<string, string> {
  return { token: place.tokenId, profile: place.profileId };
}

/** The data keys that this process can use. The last one seals, all of them open. */
export class KeyRing {
  readonly #keys = new Map<string, Buffer>();
  #sealingKeyId = '';

  /** @param wrapped oldest first. Throws `E_SEAL` where one does not open with this key-encryption key. */
  constructor(wrapped: WrappedDataKey[], keyEncryptionKey: Uint8Array) {
    for (const each of wrapped) this.add(each, () => unwrapDataKey(each, keyEncryptionKey));
  }

  /**
   * The ring of a key-encryption key, with what was granted to it from elsewhere. `granted` are those data keys anew,
   * wrapped for the key itself: kept in their place, they open without what vouched for them.
   */
  static async open(
    wrapped: WrappedDataKey[],
    keyEncryptionKey: Uint8Array,
  ): Promise<{ ring: KeyRing; granted: WrappedDataKey[] }> {
    const ring = new KeyRing([], keyEncryptionKey);
    const granted: WrappedDataKey[] = [];
    for (const each of wrapped) {
      const voucher = ring.#voucherOf(each, keyEncryptionKey);
      if (voucher === null) {
        ring.add(each, () => unwrapDataKey(each, keyEncryptionKey));
        continue;
      }
      try {
        const dataKey = await openGrant(each, keyEncryptionKey, voucher);
        ring.add(each, () => dataKey);
        granted.push(await wrapDataKey(dataKey, each.generation, keyEncryptionKey));
      } catch (error) {
        throw distrust(error, dataKeyWords, dataKeyHelp);
      }
    }
    return { ring, granted };
  }

  /** Which key vouches for a data key that was granted; null where it is wrapped for the key itself. */
  #voucherOf(wrapped: WrappedDataKey, keyEncryptionKey: Uint8Array): Voucher | null {
    let id: string;
    try {
      id = keyIdOf(wrapped.jwe);
    } catch {
      return null;
    }
    const key = this.#keys.get(id);
    if (key !== undefined) return { id, key };
    const admission = admissionKeyOf(keyEncryptionKey);
    return keyId(admission) === id ? { id, key: admission } : null;
  }

  /** The newest data key. Throws `E_KEY` where there is none. */
  get sealingKey(): Voucher {
    const key = this.#keys.get(this.#sealingKeyId);
    if (key === undefined) throw new BrokerError('E_KEY', 'The store holds no data key for this key.');
    return { id: this.#sealingKeyId, key };
  }

  /** Every data key, oldest first. */
  get dataKeys(): Voucher[] {
    return [...this.#keys].map(([id, key]) => ({ id, key }));
  }

  has(dataKeyId: string): boolean {
    return this.#keys.has(dataKeyId);
  }

  add({ dataKeyId }: Pick<WrappedDataKey, 'dataKeyId'>, unwrap: () => Buffer): void {
    try {
      this.#keys.set(dataKeyId, unwrap());
      this.#sealingKeyId = dataKeyId;
    } catch (error) {
      throw distrust(error, dataKeyWords, dataKeyHelp);
    }
  }

  async seal(token: string, place: TokenPlace): Promise<string> {
    const { id, key } = this.sealingKey;
    return await seal(Buffer.from(token, 'utf8'), key, id, belongingOf(place));
  }

  /** Throws `E_SEAL`, which says what is wrong with the row, where it cannot be opened. */
  open(sealed: string, place: TokenPlace): string {
    try {
      const dataKeyId = keyIdOf(sealed);
      const key = this.#keys.get(dataKeyId);
      if (key === undefined) throw new SealBroken('other-key', 'it was sealed with a key that is not here');
      return openToken(sealed, key, dataKeyId, place);
    } catch (error) {
      throw distrust(error, 'A stored token', 'Sign in again to replace this token, or restore a backup.');
    }
  }
}

const dataKeyWords = "The store's own data key";
const dataKeyHelp = 'Restore a backup. Nothing was changed.';

function distrust(error: unknown, what: string, help: string): unknown {
  if (!(error instanceof SealBroken)) return error;
  return new BrokerError('E_SEAL', `${what} cannot be trusted: ${error.message}.`, {
    help: `The database was changed from outside or is damaged. ${help}`,
    cause: error,
  });
}
