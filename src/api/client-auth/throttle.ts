import { networkOf } from '../../domain/network.ts';

/** Mistakes that cost nothing. */
const freeFailures = 5;

/** The longest wait. Seconds. */
const maxDelay = 300;

/** After so long without another one, mistakes are forgotten. Milliseconds. */
const memoryMs = 3_600_000;

interface Failures {
  count: number;
  blockedUntil: number;
  lastAt: number;
}

/**
 * Counts wrong credentials by client and address, and makes each further one wait longer. It never keeps out the right
 * credentials: secrets have 256 bits, which nobody guesses, and so nobody can lock a client out, not even from the
 * client's own address. What it saves is the log, the disk and the time.
 */
export class Throttle {
  readonly #failures = new Map<string, Failures>();
  readonly #limit: number;

  /** @param limit how many pairs are remembered; the longest known are forgotten first */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** Notes a failure. Returns how many seconds of waiting this one ran into; 0 where it came in time. */
  failed(client: string, address: string, now: number): number {
    const key = keyOf(client, address);
    let known = this.#failures.get(key);
    if (known === undefined || now - known.lastAt > memoryMs) {
      known = { count: 0, blockedUntil: 0, lastAt: now };
    }
    // Set anew, so that the map stays in the order of the last failure.
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

  /** Forgets the failures of a client that has proven itself, and those from its address under names that nobody has. */
  succeeded(client: string, address: string): void {
    if (this.#failures.size === 0) return;
    this.#failures.delete(keyOf(client, address));
    this.#failures.delete(keyOf('', address));
  }
}

function keyOf(client: string, address: string): string {
  return JSON.stringify([client, networkOf(address)]);
}
