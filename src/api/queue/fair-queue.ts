/** Whose turn a request takes. */
export interface Lane {
  /** Whether it came with credentials that were good a moment ago. */
  authenticated: boolean;
  /** The client that it proves, or the client and network that it claims to be from. */
  key: string;
}

interface Laned {
  readonly lane: Lane;
}

/** Of each batch, so much is for requests that have not authenticated their client, if so many wait. */
const unauthenticatedShare = 0.25;

/**
 * Requests that wait, taken in turn: one of each lane, then the next one of each. However many somebody sends, the
 * requests of others come as soon as if there were one of theirs; and what proves a client goes before what does not.
 */
export class FairQueue<T extends Laned> {
  readonly #authenticated = new RoundRobin<T>();
  readonly #unproven = new RoundRobin<T>();

  get size(): number {
    return this.#authenticated.size + this.#unproven.size;
  }

  add(item: T): void {
    (item.lane.authenticated ? this.#authenticated : this.#unproven).add(item.lane.key, item);
  }

  /** Up to `count` of those whose turn it is. */
  take(count: number): T[] {
    const reserved = Math.min(this.#unproven.size, Math.floor(count * unauthenticatedShare));
    const taken = this.#authenticated.take(count - reserved);
    return [...taken, ...this.#unproven.take(count - taken.length)];
  }
}

class RoundRobin<T> {
  /** In the order of their turns. */
  readonly #lanes = new Map<string, T[]>();
  size = 0;

  add(key: string, item: T): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [item]);
    else lane.push(item);
    this.size += 1;
  }

  take(count: number): T[] {
    const taken: T[] = [];
    // A lane that is set again comes last, and the loop comes to it once more.
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
}
