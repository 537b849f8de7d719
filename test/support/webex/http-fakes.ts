import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { createWebexApi, type WebexApi } from '../../../src/webex/api/client.ts';
import { stepHangsMs } from '../hang-limits.ts';

export const token = 'fake-token-for-acme-1';

/** 2027-03-01, so that nothing depends on the day the test runs. */
export const now = Date.UTC(2027, 2, 1);

/** A server on loopback that lives as long as the test; returns its address. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** The API on such a server, which sends the same response to every request. */
export async function apiReturning(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<WebexApi> {
  const origin = await serve((_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  });
  return apiAt(origin);
}

export function apiAt(origin: string, timeoutMs = stepHangsMs): WebexApi {
  return createWebexApi({
    deployment: 'commercial',
    api: `${origin}/v1`,
    scim: `${origin}/v1/scim`,
    fetch: globalThis.fetch,
    now: () => now,
    timeoutMs,
  });
}

/** The API behind a `fetch` that fails as Node's does: with the system's error as the cause. */
export function apiFailing(code: string): WebexApi {
  const cause = Object.assign(new Error(`simulated, near ${token}`), { code });
  return createWebexApi({
    deployment: 'commercial',
    api: 'https://webexapis.com/v1',
    scim: 'https://api.ciscospark.com/v1/scim',
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause })),
    now: () => now,
  });
}
