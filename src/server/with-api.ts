import type { RequestListener } from 'node:http';
import { isApiPath } from '../api/paths.ts';

/**
 * Puts the token API beside the web app, on the same port: its paths go to it where the request names this machine, by
 * name or address, as programs do. Everything else is the web app's, which is stricter about how it is called.
 */
export function withApi(web: RequestListener, api: RequestListener, port: number): RequestListener {
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${port}`));
  return (request, response) => {
    const forApi = isApiPath(request.url ?? '') && hosts.has(request.headers.host ?? '');
    return forApi ? api(request, response) : web(request, response);
  };
}
