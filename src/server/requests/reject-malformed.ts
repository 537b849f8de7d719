import type { RequestListener } from 'node:http';
import { isRelayTarget } from '../../config/issuer.ts';
import { sendScimError } from '../../relay/scim-error.ts';
import { readTarget } from './request-target.ts';

/**
 * Rejects requests that two programs could interpret differently, before any handler sees them: requests with several Host
 * headers (RFC 9112 §3.2), with a transfer coding that is not decoded here (§6.1), or whose target is neither a path nor a URL of
 * this server (§3.2.1, §3.2.2). `isOwn` decides whether an origin is this server. HTTP/1.0 does not require a Host header, and
 * some health checks still use it.
 */
export function rejectMalformed(
  handler: RequestListener,
  isOwn: (origin: string) => boolean,
): RequestListener {
  return (request, response) => {
    const hosts = countHosts(request.rawHeaders);
    const target = readTarget(request.url ?? '', isOwn);
    const named = hosts === 1 || (hosts === 0 && request.httpVersion === '1.0');
    const decoded = isDecoded(request.rawHeaders);
    if ('refusal' in target || !named || !decoded) {
      const status = 'refusal' in target && named && decoded ? target.refusal : 400;
      if (isRelayTarget(request.url ?? '')) {
        const description =
          'The request is malformed: it needs one Host header, a plain path, and no transfer coding except chunked.';
        sendScimError(response, { code: 'invalid_request', description, status }, { Connection: 'close' });
        return;
      }
      response.writeHead(status, {
        Connection: 'close',
        'Cache-Control': 'no-store',
      });
      response.end();
      return;
    }
    if (target.host !== null) {
      request.url = target.path;
      request.headers.host = target.host;
    }
    return handler(request, response);
  };
}

/** Reads the raw headers, where names and values alternate, because parsing all headers would slow down the token endpoint. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/** Whether Node decodes the transfer coding of the body, if it has one. Node accepts other codings without decoding them. */
function isDecoded(rawHeaders: readonly string[]): boolean {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length !== 17 || name.toLowerCase() !== 'transfer-encoding') continue;
    if (rawHeaders[at + 1]?.toLowerCase() !== 'chunked') return false;
  }
  return true;
}
