import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RequestTracker } from '../../src/server/requests/request-tracker.ts';
import { listening } from '../support/http/fake-proxy.ts';

/** A server whose responses have this status, its tracker, and a function that sends it a request. */
async function tracked(status: number) {
  const tracker = new RequestTracker();
  const port = await listening(
    createServer(tracker.watch((_request, response) => void response.writeHead(status).end())),
  );
  const send = async (method: string, path: string) => {
    await (await fetch(`http://127.0.0.1:${port}${path}`, { method })).text();
  };
  return { tracker, send };
}

describe('a server from which a browser loads pages', () => {
  it('is not idle until the browser that sent a token has requested the result', async () => {
    const { tracker, send } = await tracked(200);
    await send('POST', '/auth/code');
    let isIdle = false;
    const idle = tracker.waitUntilIdle(0, Number.POSITIVE_INFINITY).then(() => {
      isIdle = true;
    });
    await sleep(200);
    expect(isIdle).toBe(false);
    await send('GET', '/tokens/some-id');
    await idle;
  });

  it('does not wait for a browser that never requests the result', async () => {
    const { tracker, send } = await tracked(200);
    await send('POST', '/auth/code');
    await tracker.waitUntilIdle(0, 100);
  });

  it.each([
    ['a token that was refused', 400, 'POST', '/auth/code'],
    ['a page', 200, 'GET', '/auth/code'],
    ['a form', 200, 'POST', '/clients'],
    ['a request of the token API', 200, 'POST', '/oauth/token'],
  ])('is idle after %s', async (_what, status, method, path) => {
    const { tracker, send } = await tracked(status);
    await send(method, path);
    await tracker.waitUntilIdle(0, Number.POSITIVE_INFINITY);
  });
});
