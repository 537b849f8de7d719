import { BrokerError } from '../errors/broker-error.ts';
import { unwrapDataKey, type WrappedDataKey, wrapDataKey } from './data-key.ts';
import { DecryptionError, kidOf, open, seal } from './jwe.ts';
import { keyId } from './key-id.ts';
import { enrollmentKeyOf } from './key-pair.ts';
import { type AuthorizingKey, unwrapForRecipient } from './wrap-for-recipient.ts';

/** The row in which a token's ciphertext is stored. */
export interface TokenRef {
  tokenId: string;
  profileId: string;
}

/** The row in which the settings of a reminder channel are stored. */
export interface ChannelRef {
  reminderChannel: string;
}

/** A file that waits in memory for a person to confirm its import. */
export interface FileRef {
  importedFile: string;
}

/** Where a ciphertext is stored: it cannot be decrypted anywhere else. */
export type SecretRef = TokenRef | ChannelRef | FileRef;

/** Decrypts a token with one data key, if it is the key that encrypted it. */
export function openToken(ciphertext: string, dataKey: Uint8Array, dataKeyId: string, ref: TokenRef): string {
  return open(ciphertext, dataKey, dataKeyId, tokenAad(ref)).toString('utf8');
}

function aadOf(ref: SecretRef): Record<string, string> {
  return 'tokenId' in ref ? tokenAad(ref) : { ...ref };
}

function tokenAad({ tokenId, profileId }: TokenRef): Record<string, string> {
  return { token: tokenId, profile: profileId };
}

/** What this host remembers about the data keys that it had before. */
export interface RememberedKeys {
  /** The highest generation that it had, and the ID of that data key. */
  generation: number;
  dataKeyId: string;
  /** Whether the key-encryption key has unwrapped a data key before. */
  hasOpened: boolean;
}

/** The data keys that this process has. The newest one encrypts; all of them decrypt. */
export class KeyRing {
  readonly #keys = new Map<string, Buffer>();
  #primaryKeyId = '';
  /** The generation of the primary key; -1 if there is none. */
  generation = -1;

  /** @param wrapped oldest first. Throws `E_INTEGRITY` if one does not unwrap with this key-encryption key. */
  constructor(wrapped: WrappedDataKey[], keyEncryptionKey: Uint8Array) {
    for (const each of wrapped) this.#add(each, unwrapOwn(each, keyEncryptionKey));
  }

  /**
   * The ring of a key-encryption key, including data keys that other hosts wrapped for it. `received` contains those
   * again, wrapped by the key itself: stored in their place, they unwrap without the authorizing key.
   *
   * A received data key counts only if the data key of the previous generation authorizes it, and if it is newer than
   * every data key that this host had: an older data key, which a removed host may have, authorizes nothing. The key of a
   * request authorizes only the first data key, and only until this host has unwrapped one.
   *
   * Throws `E_INTEGRITY` if one cannot be trusted, `E_STORE_ROLLED_BACK` if the newest is older than the remembered one.
   */
  static async open(
    wrapped: WrappedDataKey[],
    keyEncryptionKey: Uint8Array,
    remembered: RememberedKeys | null = null,
  ): Promise<{ ring: KeyRing; received: WrappedDataKey[] }> {
    const ring = new KeyRing([], keyEncryptionKey);
    const received: WrappedDataKey[] = [];
    for (const each of wrapped) {
      const authorizingKey = ring.#authorizingKeyOf(each, keyEncryptionKey, remembered);
      if (authorizingKey === null) {
        if (received.length > 0)
          throw integrityError(
            new DecryptionError('wrong-context', 'it follows a data key that was never used'),
          );
        ring.#add(each, unwrapOwn(each, keyEncryptionKey));
        continue;
      }
      try {
        const dataKey = await unwrapForRecipient(each, keyEncryptionKey, authorizingKey);
        ring.#add(each, dataKey);
        received.push(await wrapDataKey(dataKey, each.generation, keyEncryptionKey));
      } catch (error) {
        throw integrityError(error);
      }
    }
    if (remembered !== null && ring.generation < remembered.generation) throw older(ring, remembered);
    const isOther = ring.generation === remembered?.generation && ring.#primaryKeyId !== remembered.dataKeyId;
    if (isOther)
      throw integrityError(
        new DecryptionError('unknown-key', 'another data key of its generation was seen here'),
      );
    return { ring, received };
  }

  /** The key that authorizes a received data key; null if it is wrapped by the key-encryption key itself. */
  #authorizingKeyOf(
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
    const previous = this.#keys.get(this.#primaryKeyId);
    if (previous !== undefined && this.#primaryKeyId === id && isNew) return { id, key: previous };
    const enrollmentKey = enrollmentKeyOf(keyEncryptionKey);
    const mayEnroll = this.#keys.size === 0 && (isFirstHere || isRemembered);
    if (mayEnroll && keyId(enrollmentKey) === id) return { id, key: enrollmentKey };
    throw integrityError(new DecryptionError('unknown-key', 'the key that authorizes it is no longer valid'));
  }

  /** The newest data key, which encrypts. Throws `E_KEY` if there is none. */
  get primaryKey(): AuthorizingKey {
    const key = this.#keys.get(this.#primaryKeyId);
    if (key === undefined) throw new BrokerError('E_KEY', 'The store contains no data key for this key.');
    return { id: this.#primaryKeyId, key };
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
      throw integrityError(
        new DecryptionError('wrong-context', 'its generation does not follow the previous one'),
      );
    }
    this.#keys.set(dataKeyId, dataKey);
    this.#primaryKeyId = dataKeyId;
    this.generation = generation;
  }

  async seal(secret: string, ref: SecretRef): Promise<string> {
    const { id, key } = this.primaryKey;
    return await seal(Buffer.from(secret, 'utf8'), key, id, aadOf(ref));
  }

  /** Throws `E_INTEGRITY` with the reason if it cannot be decrypted. */
  open(ciphertext: string, ref: SecretRef): string {
    try {
      const dataKeyId = kidOf(ciphertext);
      const key = this.#keys.get(dataKeyId);
      if (key === undefined)
        throw new DecryptionError('unknown-key', 'it is encrypted with a key that this host does not have');
      return open(ciphertext, key, dataKeyId, aadOf(ref)).toString('utf8');
    } catch (error) {
      throw 'tokenId' in ref
        ? integrityError(error, 'A stored token', 'Sign in again to replace this token, or restore a backup.')
        : integrityError(
            error,
            'The saved settings of a reminder channel',
            'Set up the channel again on the page Reminders, or restore a backup.',
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
    `The database was rolled back to older keys: the newest data key has generation ${generation}, but this host has seen generation ${remembered.generation}.`,
    {
      help: [
        'Check whether someone restored an older copy of the database, here or from another host. Nothing was changed.',
        {
          text: 'If that was on purpose, accept the database as it is',
          command: ['restore', '--accept-rollback'],
        },
      ],
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
    help: `Someone tampered with the database, or it is damaged. ${help}`,
    cause: error,
  });
}
