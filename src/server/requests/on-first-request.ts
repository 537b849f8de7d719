import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';

/**
 * A listener that is loaded when the first request arrives, so that the server listens sooner and uses less memory until then.
 * `prepare` loads it earlier.
 */
export function onFirstRequest(
  load: () => Promise<RequestListener>,
  log: Pick<Logger, 'error'>,
): { listener: RequestListener; prepare: () => void } {
  let loaded: RequestListener | null = null;
  let loading: Promise<RequestListener | null> | null = null;
  const loadOnce = async (): Promise<RequestListener | null> => {
    try {
      loaded = await load();
      return loaded;
    } catch (error) {
      // The next request tries again.
      loading = null;
      log.error({ err: error }, 'the web app could not be loaded');
      return null;
    }
  };
  const start = () => {
    loading ??= loadOnce();
    return loading;
  };
  return {
    listener: (request, response) => {
      if (loaded !== null) return loaded(request, response);
      void start().then((listener) => {
        if (listener !== null) listener(request, response);
        else response.writeHead(500, { Connection: 'close', 'Cache-Control': 'no-store' }).end();
      });
    },
    prepare: () => void start(),
  };
}
