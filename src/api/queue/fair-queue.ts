import { networkOf } from '../../domain/network.ts';

/** The part of the queue that a request belongs to. */
export interface Lane {
  /** Whether the credentials were recently valid. */
  authenticated: boolean;
  /** The authenticated client, or the claimed client and its network. */
  key: string;
}

/** The lane of a request with unverified credentials: by the claimed client and its network. */
export function unauthenticatedLane(client: string, address: string): Lane {
  return { authenticated: false, key: JSON.stringify([client, networkOf(address)]) };
}

interface Laned {
  readonly lane: Lane;
}

/** The share of each batch that is reserved for waiting requests with unverified credentials. */
const unauthenticatedShare = 0.25;

/**
 * Waiting requests, taken round-robin: one from each lane, then the next one from each lane. A client that sends many requests
 * does not delay others, and authenticated requests come first.
 */
export class FairQueue<T extends Laned> {
  readonly #authenticated = new RoundRobin<T>();
  readonly #unauthenticated = new RoundRobin<T>();

  get size(): number {
    return this.#authenticated.size + this.#unauthenticated.size;
  }

  add(item: T): void {
    (item.lane.authenticated ? this.#authenticated : this.#unauthenticated).add(item.lane.key, item);
  }

  /** Takes up to `count` items, lane by lane. */
  take(count: number): T[] {
    const reserved = Math.min(this.#unauthenticated.size, Math.floor(count * unauthenticatedShare));
    const taken = this.#authenticated.take(count - reserved);
    return [...taken, ...this.#unauthenticated.take(count - taken.length)];
  }
}

class RoundRobin<T> {
  /** Lanes in the order in which they are served. */
  readonly #lanes = new Map<string, T[]>();
  size = 0;

  add(key: string, item: T): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [item]);
    else lane.push(item);
    this.size += 1;
  }

  take(count: number): T[] {
    if (this.#lanes.size <= 1) return this.#takeFromOnlyLane(count);
    const taken: T[] = [];
    // A lane that is deleted and set again moves to the end, and the loop reaches it again.
    for (const [key, lane] of this.#lanes) {
      if (taken.length >= count) break;
      const item = lane.shift();
      if (item !== undefined) taken.push(item);
      this.#lanes.delete(key);
      if (lane.length > 0) this.#lanes.set(key, lane);
    }
    this.size -= taken.length;
    return taken;
  }

  #takeFromOnlyLane(count: number): T[] {
    const [entry] = this.#lanes;
    if (entry === undefined) return [];
    const [key, lane] = entry;
    const taken = lane.splice(0, count);
    if (lane.length === 0) this.#lanes.delete(key);
    this.size -= taken.length;
    return taken;
  }
}
