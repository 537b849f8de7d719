import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Follows the requests of a server, to tell when a browser has fetched all it wanted. */
export class RequestTracker {
  #inFlight = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  watch(handler: RequestListener): RequestListener {
    return (request, response) => {
      this.#inFlight += 1;
      this.#lastAt = performance.now();
      response.once('close', () => {
        this.#inFlight -= 1;
        this.#lastAt = performance.now();
      });
      return handler(request, response);
    };
  }

  /** Resolves once nothing was asked for `quietMs`, but after `atMostMs` whatever is asked. Milliseconds. */
  async waitUntilIdle(quietMs: number, atMostMs: number): Promise<void> {
    const deadline = performance.now() + atMostMs;
    while (performance.now() < deadline) {
      if (this.#inFlight === 0 && performance.now() - this.#lastAt >= quietMs) return;
      await sleep(50);
    }
  }
}
