import { newSecret } from '../../vault/sign-in/secret-hashes.ts';

/** How long a permit is valid. Milliseconds. */
const lifetimeMs = 60_000;

/** One-time permits to delete the data that other apps stored in the browser for the web app's origin. In memory only. */
export class ClearDataPermits {
  readonly #now: () => number;
  readonly #until = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Creates a permit after the person has consented. */
  grant(): string {
    const now = this.#now();
    for (const [value, until] of this.#until) if (until <= now) this.#until.delete(value);
    const value = newSecret();
    this.#until.set(value, now + lifetimeMs);
    return value;
  }

  /** Uses up a permit. False if it does not exist, was used before, or has expired. */
  use(value: string): boolean {
    const until = this.#until.get(value) ?? 0;
    this.#until.delete(value);
    return until > this.#now();
  }
}
