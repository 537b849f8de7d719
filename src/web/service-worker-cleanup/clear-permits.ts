import { newSecret } from '../../vault/sign-in/secret-hashes.ts';

/** How long a permission waits to be used. Milliseconds. */
const lifetimeMs = 60_000;

/** One-time permissions to have a browser forget what other projects left in it for the web app's origin. In memory only. */
export class ClearDataPermits {
  readonly #now: () => number;
  readonly #until = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A new permission, for the person who just consented. */
  grant(): string {
    const now = this.#now();
    for (const [value, until] of this.#until) if (until <= now) this.#until.delete(value);
    const value = newSecret();
    this.#until.set(value, now + lifetimeMs);
    return value;
  }

  /** Uses a permission up. False where it is none, was used, or its time is over. */
  use(value: string): boolean {
    const until = this.#until.get(value) ?? 0;
    this.#until.delete(value);
    return until > this.#now();
  }
}
