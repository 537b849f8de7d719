import { timingSafeEqual } from 'node:crypto';

/** Remembered secrets per client: the current and the previous one. */
const perClient = 2;

/**
 * Remembers the SHA-256 of secrets with which clients have authenticated. It grants no access: it only determines the priority
 * of a request before the store is read. It contains only registered clients, so it needs no size limit.
 */
export class VerifiedSecrets {
  readonly #byClient = new Map<string, Buffer[]>();
  readonly #clients = new Map<string, string>();

  add(client: string, hash: Buffer): void {
    if (this.has(client, hash)) return;
    const all = [hash, ...(this.#byClient.get(client) ?? [])];
    for (const old of all.slice(perClient)) this.#clients.delete(old.toString('base64url'));
    this.#byClient.set(client, all.slice(0, perClient));
    this.#clients.set(hash.toString('base64url'), client);
  }

  has(client: string, hash: Buffer): boolean {
    return (this.#byClient.get(client) ?? []).some((known) => timingSafeEqual(known, hash));
  }

  /** The client that authenticated with the secret of this hash (base64url) and no client name; null if none did. */
  clientOf(hash: string): string | null {
    return this.#clients.get(hash) ?? null;
  }
}
