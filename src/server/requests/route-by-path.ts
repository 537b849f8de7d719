import type { RequestListener } from 'node:http';
import { isApiPath, isHealthPath } from '../../api/paths.ts';
import { hostOf } from '../../web/request-host.ts';
import { loopbackHosts, loopbackNames } from '../listening/loopback-hosts.ts';
import { withoutIssuerPath } from './issuer-path.ts';

/**
 * Serves the token API and the web app on the same port. A request for an API path goes to the API if its Host header is a
 * loopback name or address. A health check may omit the port or, with HTTP/1.0, the host; browsers never do that, not even after
 * DNS rebinding. All other requests go to the web app, which has stricter checks.
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
