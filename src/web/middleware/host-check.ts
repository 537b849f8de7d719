import type { RequestHandler } from 'express';
import { ownPath } from '../own-path.ts';
import type { Render } from '../render.ts';
import { hostOf } from '../request-host.ts';

/** Paths that programs may also request at a loopback IP address. None of them is a page. */
const pathsByAddress = new Set(['/healthz']);

/**
 * Rejects requests for any host except that of the web app. After DNS rebinding, only the Host header shows the attacker's
 * host.
 */
export function checkHost({
  origin,
  port,
  render,
}: {
  origin: string;
  port: number;
  render: Render;
}): RequestHandler {
  const { host } = new URL(origin);
  const addresses = new Set([`127.0.0.1:${port}`, `[::1]:${port}`]);
  return (request, response, next) => {
    const given = hostOf(request);
    const byAddress = addresses.has(given);
    if (given === host || (byAddress && pathsByAddress.has(request.path))) {
      next();
      return;
    }
    render(
      request,
      response,
      'misdirected',
      // The link keeps the path only if the person entered a loopback address.
      {
        url: byAddress && request.method === 'GET' ? origin + (ownPath(request.path, origin) ?? '/') : null,
        origin,
      },
      { title: 'Another address', status: 421 },
    );
  };
}
