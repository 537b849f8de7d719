import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the requests in flight, to find out when a browser has finished loading. */
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

  /** Resolves after `quietMs` without a request, or after `timeoutMs` at the latest. Milliseconds. */
  async waitUntilIdle(quietMs: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (this.#inFlight === 0 && performance.now() - this.#lastAt >= quietMs) return;
      await sleep(50);
    }
  }
}
