import { timingSafeEqual } from 'node:crypto';

/** How many secrets of one client are remembered: its current one and the one before. */
const perClient = 2;

/**
 * Remembers with which secrets, as SHA-256, clients have authenticated lately. It grants nothing; it tells whose turn a
 * request takes before the store is asked. Only registered clients get in, so it needs no limit.
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
