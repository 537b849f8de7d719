import { hash } from 'node:crypto';
import {
  type GrantedProfile,
  RetryLater,
  type StoredToken,
} from '../../store/token-requests/token-request-store.ts';
import type { VaultKeys } from '../../vault/keys/key-manager.ts';

/** How long a decrypted token may stay in memory. Milliseconds. */
export const cacheTtlMs = 5_000;

/** Maximum number of cached digests. */
const maxDigests = 20_000;

interface CachedToken {
  accessToken: string;
  /** The ciphertext. A different one, even for the same token, is decrypted again. */
  ciphertext: string;
  /** A row that was moved to another profile is decrypted again, which fails. */
  profileId: string;
  openedAt: number;
}

/**
 * Decrypts tokens and caches each one for at most five seconds, because decryption is the most expensive part of a request.
 * Authorization is not checked here.
 */
export class DecryptedTokenCache {
  readonly #keys: VaultKeys;
  readonly #now: () => number;
  readonly #opened = new Map<string, CachedToken>();
  readonly #digests = new Map<string, { digest: string; ciphertext: string; profileId: string }>();
  #sweep: NodeJS.Timeout | null = null;

  constructor(keys: VaultKeys, now: () => number) {
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * Decrypts a token. Throws `E_INTEGRITY` if that fails, and `RetryLater` if another process has rotated the key, so that it
   * has to be looked up first. The request is then retried.
   */
  open({ tokenId, ciphertext }: StoredToken, { profileId }: GrantedProfile): string {
    const known = this.#opened.get(tokenId);
    const now = this.#now();
    const same = known !== undefined && known.ciphertext === ciphertext && known.profileId === profileId;
    if (same && Math.abs(now - known.openedAt) < cacheTtlMs) return known.accessToken;
    if (!this.#keys.hasKeyFor(ciphertext)) {
      // If the store cannot be read, the next attempt reports it.
      this.#keys.refreshKeyFor(ciphertext).catch(() => {});
      throw new RetryLater();
    }
    const accessToken = this.#keys.decryptSync(ciphertext, { tokenId, profileId });
    this.#opened.set(tokenId, { accessToken, ciphertext, profileId, openedAt: now });
    this.#sweep ??= setTimeout(() => this.clear(), cacheTtlMs).unref();
    return accessToken;
  }

  /**
   * SHA-256 of a token in hexadecimal. Cached while the ciphertext is the same, because a token may have to be compared with
   * many others. Throws the same errors as `open`.
   */
  digest(token: StoredToken, profile: GrantedProfile): string {
    const known = this.#digests.get(token.tokenId);
    if (known?.ciphertext === token.ciphertext && known.profileId === profile.profileId) return known.digest;
    const digest = digestOf(this.open(token, profile));
    if (this.#digests.size >= maxDigests) this.#digests.clear();
    this.#digests.set(token.tokenId, { digest, ciphertext: token.ciphertext, profileId: profile.profileId });
    return digest;
  }

  clear(): void {
    if (this.#sweep !== null) clearTimeout(this.#sweep);
    this.#sweep = null;
    this.#opened.clear();
  }
}

/** SHA-256 in hexadecimal. */
export function digestOf(accessToken: string): string {
  return hash('sha256', accessToken, 'hex');
}
