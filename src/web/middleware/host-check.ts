import type { RequestHandler } from 'express';
import { appOrigin } from '../../config/settings.ts';
import type { WebContext } from '../context.ts';
import { ownPath } from '../own-path.ts';
import { hostOf } from '../request-host.ts';

/** What may also be asked for by a loopback address: programs do so, and none of it is a page. */
const alsoByAddress = new Set(['/healthz', '/instance']);

/**
 * Lets through only requests for the very host that the web app answers as. After DNS rebinding the browser names the
 * attacker's host here, and sends nothing else that would tell.
 */
export function checkHost({ vault, render }: WebContext): RequestHandler {
  const origin = appOrigin(vault.settings);
  const { host } = new URL(origin);
  const { port } = vault.settings;
  const addresses = new Set([`127.0.0.1:${port}`, `[::1]:${port}`]);
  return (request, response, next) => {
    const given = hostOf(request);
    const byAddress = addresses.has(given);
    if (given === host || (byAddress && alsoByAddress.has(request.path))) {
      next();
      return;
    }
    render(
      request,
      response,
      'misdirected',
      // A path goes along only where the person typed the address of this very machine.
      {
        url: byAddress && request.method === 'GET' ? origin + (ownPath(request.path, origin) ?? '/') : null,
        origin,
      },
      { title: 'Another address', status: 421 },
    );
  };
}
