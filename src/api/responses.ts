import type { ServerResponse } from 'node:http';

/**
 * The headers of every response. They keep caches from storing it (RFC 6749 §5.1), and keep a browser that is redirected here
 * from using it. One object, because setting the headers one by one would slow down the token endpoint.
 */
const fixedHeaders = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export function sendJson(
  response: ServerResponse,
  status: number,
  json: string,
  headers?: Record<string, string>,
): void {
  send(response, status, 'application/json', json, headers);
}

export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers?: Record<string, string>,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...fixedHeaders,
    ...headers,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
