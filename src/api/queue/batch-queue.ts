import {
  NotDurable,
  RetryLater,
  type TokenRequestRead,
  type TokenRequestStore,
} from '../../store/token-requests/token-request-store.ts';
import { FairQueue, type Lane } from './fair-queue.ts';

/** How long a request waits for the store or a key, and the first and the longest retry delay. Milliseconds. */
const maxWaitMs = 10_000;
const firstRetryMs = 3;
const lastRetryMs = 500;

/** After this many turns of the event loop without a new request, a batch starts without the expected ones. */
const maxQuietTurns = 2;

/** After a batch that took longer, the next one also waits a fixed time, short compared to a write to disk. Milliseconds. */
const slowBatchMs = 4;
const slowGatherMs = 1;

/** Requests per commit: enough to keep the disk busy, but few enough that the next batch starts soon. */
export const batchSize = 128;

/** A queued request. In the end, exactly one of `complete` and `fail` is called. */
export interface PendingRequest extends TokenRequestRead {
  readonly lane: Lane;
  /** Called if the store could not be read or written. */
  fail(error: unknown): void;
}

interface Retries {
  count: number;
  /** On the clock of `performance.now()`. */
  until: number;
}

/**
 * Collects the requests that arrive while a batch is being written, so that they share the next commit. Only one batch is
 * written at a time, because all batches wait for the disk. No request makes another one fail or wait for long: a failed batch
 * is split and retried, and a request that has to wait is requeued by itself.
 */
export class BatchQueue {
  readonly #reads: TokenRequestStore;
  readonly #now: () => number;
  readonly #waiting = new FairQueue<PendingRequest>();
  /** Retries of the requests that were requeued and have no response yet. */
  readonly #retries = new WeakMap<TokenRequestRead, Retries>();
  #requeued = 0;
  #running: Promise<void> | null = null;
  /** How many requests to wait for before the next batch. */
  #expected = 0;

  constructor(reads: TokenRequestStore, now: () => number) {
    this.#reads = reads;
    this.#now = now;
  }

  add(read: PendingRequest): void {
    this.#waiting.add(read);
    this.#running ??= this.#runAll();
  }

  /** Resolves once the queue is empty. */
  async idle(): Promise<void> {
    while (this.#running !== null || this.#requeued > 0) await (this.#running ?? sleep(firstRetryMs));
  }

  async #runAll(): Promise<void> {
    try {
      await this.#gather();
      while (this.#waiting.size > 0) {
        const batch = this.#waiting.take(batchSize);
        const startedAt = performance.now();
        await this.#run(batch, startedAt + maxWaitMs);
        // The clients of this batch may immediately send new requests, in addition to the requests that arrived meanwhile.
        this.#expected = Math.min(batch.length + this.#waiting.size, batchSize);
        const isSlow = performance.now() - startedAt > slowBatchMs;
        if (isSlow && this.#waiting.size > 0 && batch.length > 1) await sleep(slowGatherMs);
        await this.#gather();
      }
    } finally {
      this.#running = null;
    }
  }

  /**
   * Reads the other requests that have already arrived. Then waits until there are as many as in the previous batch, as long as
   * more keep arriving. The duration of a batch hardly depends on its size, and a request that misses it waits for the disk.
   */
  async #gather(): Promise<void> {
    for (let quietTurns = 0; quietTurns < maxQuietTurns; ) {
      const before = this.#waiting.size;
      await nextTurn();
      if (this.#waiting.size >= this.#expected) return;
      quietTurns = this.#waiting.size === before ? quietTurns + 1 : 0;
    }
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
      // Splitting the batch finds the request that failed.
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
        await sleep(firstRetryMs);
      }
    }
  }

  /** Retries immediately the first time, then with exponential backoff. Other requests continue meanwhile. */
  #tryAgain(read: PendingRequest): void {
    const retries = this.#retries.get(read) ?? { count: 0, until: performance.now() + maxWaitMs };
    this.#retries.set(read, retries);
    if (performance.now() > retries.until) {
      read.fail(new RetryLater('timed out while waiting for the store or a key'));
      return;
    }
    retries.count += 1;
    if (retries.count === 1) {
      this.add(read);
      return;
    }
    this.#requeued += 1;
    const delay = Math.min(lastRetryMs, firstRetryMs * 2 ** (retries.count - 2));
    setTimeout(() => {
      this.#requeued -= 1;
      this.add(read);
    }, delay);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
