import {
  NotDurable,
  RetryLater,
  type TokenRequestRead,
  type TokenRequestStore,
} from '../../store/token-requests/token-request-store.ts';
import { FairQueue, type Lane } from './fair-queue.ts';

/** How long a request waits for the store, or for a key, and how soon it tries again at first and at last. Milliseconds. */
const maxWaitMs = 10_000;
const firstRetryMs = 3;
const lastRetryMs = 500;

/** How many requests share a commit: enough for the disk, and few enough that the next batch comes soon. */
export const batchSize = 128;

/** A request in the queue. Exactly one of `answer` and `fail` is called, unless it has to be decided again. */
export interface PendingRequest extends TokenRequestRead {
  readonly lane: Lane;
  /** The store could not be read or written. */
  fail(error: unknown): void;
}

interface Retries {
  count: number;
  /** As `performance.now()` counts. */
  until: number;
}

/**
 * Gathers the requests that come while others are being written, and has them share the next commit.
 * One batch at a time: the disk is what they all wait for. No request can make another fail, or wait for long: a batch
 * that fails is tried again in parts, and one that has to wait does so by itself.
 */
export class BatchQueue {
  readonly #reads: TokenRequestStore;
  readonly #now: () => number;
  readonly #waiting = new FairQueue<PendingRequest>();
  /** Requests that were put back, for as long as they are not answered. */
  readonly #retries = new WeakMap<TokenRequestRead, Retries>();
  #putBack = 0;
  #running: Promise<void> | null = null;

  constructor(reads: TokenRequestStore, now: () => number) {
    this.#reads = reads;
    this.#now = now;
  }

  add(read: PendingRequest): void {
    this.#waiting.add(read);
    this.#running ??= this.#runAll();
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#putBack > 0) await (this.#running ?? pause(firstRetryMs));
  }

  async #runAll(): Promise<void> {
    // After the other requests that have incoming by now were read too.
    await nextTurn();
    while (this.#waiting.size > 0) {
      await this.#run(this.#waiting.take(batchSize), performance.now() + maxWaitMs);
      await nextTurn();
    }
    this.#running = null;
  }

  async #run(batch: PendingRequest[], deadline: number): Promise<void> {
    try {
      const again = new Set(await this.#runWhenFree(batch, deadline));
      for (const read of batch) if (again.has(read)) this.#tryAgain(read);
    } catch (error) {
      const final = error instanceof RetryLater || error instanceof NotDurable;
      if (batch.length === 1 || final || performance.now() > deadline) {
        for (const read of batch) read.fail(error);
        return;
      }
      // Which of them it was shows when they are tried apart.
      const half = Math.ceil(batch.length / 2);
      await this.#run(batch.slice(0, half), deadline);
      await this.#run(batch.slice(half), deadline);
    }
  }

  async #runWhenFree(batch: PendingRequest[], deadline: number): Promise<TokenRequestRead[]> {
    for (;;) {
      try {
        return await this.#reads.run(batch, this.#now());
      } catch (error) {
        if (!(error instanceof RetryLater) || performance.now() > deadline) throw error;
        await pause(firstRetryMs);
      }
    }
  }

  /** The first time at once, then after longer and longer pauses, in which the others go on. */
  #tryAgain(read: PendingRequest): void {
    const retries = this.#retries.get(read) ?? { count: 0, until: performance.now() + maxWaitMs };
    this.#retries.set(read, retries);
    if (performance.now() > retries.until) {
      read.fail(new RetryLater('what the request needs could not be had in time'));
      return;
    }
    retries.count += 1;
    if (retries.count === 1) {
      this.#waiting.add(read);
      return;
    }
    this.#putBack += 1;
    const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** (retries.count - 2));
    setTimeout(() => {
      this.#putBack -= 1;
      this.add(read);
    }, delay);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
