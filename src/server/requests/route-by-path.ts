import type { RequestListener } from 'node:http';
import { isApiPath, isHealthPath } from '../../api/paths.ts';
import { hostOf } from '../../web/request-host.ts';
import { loopbackHosts, loopbackNames } from '../listening/loopback-hosts.ts';
import { withoutIssuerPath } from './issuer-path.ts';

/**
 * Puts the token API beside the web app, on the same port: its paths go to it where the request names this machine, by
 * name or address, as programs do. A health check may leave out the port, or with HTTP/1.0 the host: no browser does,
 * also not after DNS rebinding. Everything else is the web app's, which is stricter about how it is called.
 */
export function routeByPath(
  web: RequestListener,
  api: RequestListener,
  port: number,
  issuer = `http://localhost:${port}`,
): RequestListener {
  const hosts = loopbackHosts(port);
  const targetOf = withoutIssuerPath(issuer);
  return (request, response) => {
    const { headers } = request;
    const url = targetOf(request.url ?? '');
    const host = hostOf(request);
    const isHealthCheck = isHealthPath(url) && (headers.host === undefined || loopbackNames.includes(host));
    if (!isHealthCheck && !(isApiPath(url) && hosts.has(host))) return web(request, response);
    request.url = url;
    return api(request, response);
  };
}
