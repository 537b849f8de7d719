import { timingSafeEqual } from 'node:crypto';

/** Remembered secrets per client: the current and the previous one. */
const perClient = 2;

/**
 * Remembers the SHA-256 of secrets that clients have authenticated with. It grants nothing: it only decides the priority
 * of a request before the store is read. It holds only registered clients, so it needs no limit.
 */
export class VerifiedSecrets {
  readonly #byClient = new Map<string, Buffer[]>();

  add(client: string, hash: Buffer): void {
    if (this.has(client, hash)) return;
    this.#byClient.set(client, [hash, ...(this.#byClient.get(client) ?? [])].slice(0, perClient));
  }

  has(client: string, hash: Buffer): boolean {
    return (this.#byClient.get(client) ?? []).some((known) => timingSafeEqual(known, hash));
  }
}
