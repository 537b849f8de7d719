import type { RequestListener } from 'node:http';

/**
 * Refuses, before anything looks at it, a request that two programs could read differently: one that names several
 * hosts (RFC 9112 §3.2 wants 400), or whose target is not a path (§3.2.1). A whole address there would come from a
 * program that takes this server for its proxy, and its host would count in place of the header.
 */
export function wellFormed(handler: RequestListener): RequestListener {
  return (request, response) => {
    const { url = '', rawHeaders } = request;
    if (url.startsWith('/') && !url.includes('#') && namesOneHost(rawHeaders)) {
      return handler(request, response);
    }
    response.writeHead(400, { Connection: 'close', 'Cache-Control': 'no-store' });
    response.end();
  };
}

/** By hand, for the token endpoint has no time for all headers. Names and values take turns. */
function namesOneHost(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1;
}
