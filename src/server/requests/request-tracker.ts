import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts the requests in flight, to find out when a browser has finished loading. */
export class RequestTracker {
  #inFlight = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** A browser has sent a token, and will request the page with the result. */
  #resultIsDue = false;

  watch(handler: RequestListener): RequestListener {
    return (request, response) => {
      const sendsToken = request.method === 'POST' && request.url === '/auth/code';
      this.#inFlight += 1;
      this.#lastAt = performance.now();
      this.#resultIsDue = false;
      response.once('close', () => {
        this.#inFlight -= 1;
        this.#lastAt = performance.now();
        this.#resultIsDue ||= sendsToken && response.statusCode < 400;
      });
      return handler(request, response);
    };
  }

  /**
   * Resolves after `quietMs` without a request, or after `timeoutMs` at the latest. A slow browser takes longer than `quietMs` to
   * request the page with the result of a sign-in: only `timeoutMs` applies until then. Milliseconds.
   */
  async waitUntilIdle(quietMs: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const isIdle = this.#inFlight === 0 && !this.#resultIsDue;
      if (isIdle && performance.now() - this.#lastAt >= quietMs) return;
      await sleep(50);
    }
  }
}
