import type { RequestListener } from 'node:http';
import { isApiPath, isHealthPath } from '../api/paths.ts';
import { hostOf } from '../web/request-host.ts';
import { loopbackHosts, loopbackNames } from './own-hosts.ts';

/**
 * Puts the token API beside the web app, on the same port: its paths go to it where the request names this machine, by
 * name or address, as programs do. A health check may leave out the port, or with HTTP/1.0 the host: no browser does,
 * also not after DNS rebinding. Everything else is the web app's, which is stricter about how it is called.
 */
export function withApi(web: RequestListener, api: RequestListener, port: number): RequestListener {
  const hosts = loopbackHosts(port);
  return (request, response) => {
    const { url = '', headers } = request;
    const host = hostOf(request);
    const isHealthCheck = isHealthPath(url) && (headers.host === undefined || loopbackNames.includes(host));
    return isHealthCheck || (isApiPath(url) && hosts.has(host))
      ? api(request, response)
      : web(request, response);
  };
}
