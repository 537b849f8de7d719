import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';

/** A listener that is loaded when the first request arrives, so that the server listens sooner and needs less memory until then. */
export function onFirstRequest(
  load: () => Promise<RequestListener>,
  log: Pick<Logger, 'error'>,
): RequestListener {
  let loaded: RequestListener | null = null;
  let loading: Promise<RequestListener> | null = null;
  return (request, response) => {
    if (loaded !== null) return loaded(request, response);
    loading ??= load();
    loading.then(
      (listener) => {
        loaded = listener;
        listener(request, response);
      },
      (error: unknown) => {
        // The next request tries again.
        loading = null;
        log.error({ err: error }, 'the web app could not be loaded');
        response.writeHead(500, { Connection: 'close', 'Cache-Control': 'no-store' }).end();
      },
    );
  };
}
