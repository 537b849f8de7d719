import type { Agent, Dispatcher } from 'undici';
import { environmentWithDotEnv } from '../environment/environment.ts';

/** The maximum number of connections to one host. Further requests wait. */
const maxConnections = 256;

/**
 * Sends requests unchanged, whereas `fetch` would normalize the address and apply browser rules to headers. Uses the same proxy
 * and certificate authorities as `outboundFetch`, and reuses connections. The caller first checks the address with
 * `assertSecureUrl`. No redirect is followed, and nothing is sent twice.
 */
export class RawRequests {
  #agent: Agent | null = null;
  #loading: Promise<Agent> | null = null;

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.#agent !== null) {
      this.#agent.dispatch(options, handler);
      return;
    }
    this.#loading ??= load();
    this.#loading.then(
      (agent) => {
        this.#agent = agent;
        agent.dispatch(options, handler);
      },
      (error: Error) => {
        this.#loading = null;
        handler.onResponseError?.(undefined as never, error);
      },
    );
  }

  async close(): Promise<void> {
    const agent = this.#agent ?? (await this.#loading?.catch(() => null));
    await agent?.destroy();
  }
}

/** Loaded with the first request, like `fetch`. */
async function load(): Promise<Agent> {
  const { createAgent } = await import('./create-fetch.ts');
  return createAgent(environmentWithDotEnv(process.env), undefined, { connections: maxConnections });
}
