import { FairQueue, type Lane } from './fair-queue.ts';

/** Limits how many tasks run at once. Waiting tasks are started fairly, by lane. */
export class FairLimit {
  readonly #limit: number;
  readonly #waiting = new FairQueue<{ lane: Lane; start: () => void }>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(lane: Lane, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running += 1;
    else await new Promise<void>((start) => this.#waiting.add({ lane, start }));
    try {
      return await task();
    } finally {
      // The next task takes this one's place.
      const [next] = this.#waiting.take(1);
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }
}
