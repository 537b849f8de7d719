import { type ClientRead, type ClientReads, StoreBusy } from '../store/client-reads.ts';

/** How long a request waits for other processes to finish writing, and how often it tries. Milliseconds. */
const patienceMs = 10_000;
const retryMs = 3;

/** A request in the queue. Exactly one of `answer` and `fail` is called, unless it has to be decided again. */
export interface QueuedRead extends ClientRead {
  /** The store could not be read or written. */
  fail(error: unknown): void;
}

/**
 * Gathers the requests that come while others are being written, and has them share the next commit.
 * One batch at a time: the disk is what they all wait for.
 */
export class ReadQueue {
  readonly #reads: ClientReads;
  readonly #now: () => number;
  #waiting: QueuedRead[] = [];
  #running: Promise<void> | null = null;

  constructor(reads: ClientReads, now: () => number) {
    this.#reads = reads;
    this.#now = now;
  }

  add(read: QueuedRead): void {
    this.#waiting.push(read);
    this.#running ??= this.#runAll();
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #runAll(): Promise<void> {
    // After the other requests that have arrived by now were read too.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#run(batch);
      await nextTurn();
    }
    this.#running = null;
  }

  async #run(batch: QueuedRead[]): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        const again = new Set<ClientRead>(await this.#reads.run(batch, this.#now()));
        if (again.size > 0) this.#waiting.unshift(...batch.filter((read) => again.has(read)));
        return;
      } catch (error) {
        if (!(error instanceof StoreBusy) || performance.now() > deadline) {
          for (const read of batch) read.fail(error);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
