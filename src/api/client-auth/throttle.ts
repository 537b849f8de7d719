import { networkOf } from '../../domain/network.ts';

/** How many failures cause no delay. */
const freeFailures = 5;

/** The longest delay. Seconds. */
const maxDelay = 300;

/** Failures are forgotten after this time without another one. Milliseconds. */
const memoryMs = 3_600_000;

interface Failures {
  count: number;
  blockedUntil: number;
  lastAt: number;
}

/**
 * Counts wrong credentials by client and address, and increases the delay with each failure. It never rejects correct
 * credentials: secrets have 256 bits and cannot be guessed. So no one can lock out a client, not even from the client's own
 * address. The throttle protects the log, the disk and the CPU.
 */
export class Throttle {
  readonly #failures = new Map<string, Failures>();
  readonly #limit: number;

  /** @param limit maximum number of remembered pairs; the oldest are forgotten first */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Records a failure. Returns the remaining delay in seconds; 0 if there is none. */
  failed(client: string, address: string, now: number): number {
    const key = keyOf(client, address);
    let known = this.#failures.get(key);
    // After the clock was set back, nothing is known about the time that has passed.
    if (known === undefined || now - known.lastAt > memoryMs || now < known.lastAt) {
      known = { count: 0, blockedUntil: 0, lastAt: now };
    }
    // Deleted and set again, so that the map stays in the order of the last failure.
    this.#failures.delete(key);
    this.#failures.set(key, known);
    if (now < known.blockedUntil) return Math.ceil((known.blockedUntil - now) / 1000);
    known.count += 1;
    known.lastAt = now;
    if (known.count >= freeFailures) {
      known.blockedUntil = now + Math.min(maxDelay, 2 ** (known.count - freeFailures)) * 1000;
    }
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= this.#limit) break;
      this.#failures.delete(oldest);
    }
    return 0;
  }

  /** Forgets the failures of an authenticated client, and those of unknown clients from its address. */
  succeeded(client: string, address: string): void {
    if (this.#failures.size === 0) return;
    this.#failures.delete(keyOf(client, address));
    this.#failures.delete(keyOf('', address));
  }
}

function keyOf(client: string, address: string): string {
  return JSON.stringify([client, networkOf(address)]);
}
