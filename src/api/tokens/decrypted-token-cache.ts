import { hash } from 'node:crypto';
import {
  type GrantedProfile,
  RetryLater,
  type StoredToken,
} from '../../store/token-requests/token-request-store.ts';
import type { VaultKeys } from '../../vault/keys/key-manager.ts';

/** How long an opened token may stay in memory. Milliseconds. */
export const cacheTtlMs = 5_000;

/** How many tokens' digests are kept. */
const maxDigests = 20_000;

interface CachedToken {
  accessToken: string;
  /** What it was opened from: another text, even one of the same token, is opened anew. */
  ciphertext: string;
  /** Whose it was: a row that was moved to another profile is opened anew, which fails. */
  profileId: string;
  openedAt: number;
}

/**
 * Opens sealed tokens, and keeps each for five seconds at most: opening is the dearest part of a read. Whether
 * somebody may have it is not decided here.
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
   * Throws `E_INTEGRITY` where the token cannot be opened, and `StoreBusy` where its key has to be looked up first: another
   * process has made a new one. The request is then tried again.
   */
  open({ tokenId, ciphertext }: StoredToken, { profileId }: GrantedProfile): string {
    const known = this.#opened.get(tokenId);
    const now = this.#now();
    const same = known !== undefined && known.ciphertext === ciphertext && known.profileId === profileId;
    if (same && Math.abs(now - known.openedAt) < cacheTtlMs) return known.accessToken;
    if (!this.#keys.hasKeyFor(ciphertext)) {
      // Where the store cannot be asked, the next try says so.
      this.#keys.refreshKeyFor(ciphertext).catch(() => {});
      throw new RetryLater();
    }
    const accessToken = this.#keys.decryptSync(ciphertext, { tokenId, profileId });
    this.#opened.set(tokenId, { accessToken, ciphertext, profileId, openedAt: now });
    this.#sweep ??= setTimeout(() => this.clear(), cacheTtlMs).unref();
    return accessToken;
  }

  /**
   * SHA-256 of a token in hexadecimal. It is kept for as long as the token's text is the same, for many tokens may have
   * to be compared with one. Throws as `open` does.
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
