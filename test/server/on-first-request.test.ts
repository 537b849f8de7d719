import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { onFirstRequest } from '../../src/server/requests/on-first-request.ts';

async function served(load: () => Promise<RequestListener>) {
  const logged: unknown[] = [];
  const log = { error: (...args: unknown[]) => void logged.push(args) };
  const pages = onFirstRequest(load, log);
  const server = createServer(pages.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { prepare } = pages;
  return { prepare, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logged };
}

const echo: RequestListener = (request, response) => void request.pipe(response);

describe('a listener that is loaded on the first request', () => {
  it('is loaded once, and gets the requests that arrived before, with their bodies', async () => {
    let loads = 0;
    let finish: (listener: RequestListener) => void = () => {};
    const loading = new Promise<RequestListener>((resolve) => {
      finish = resolve;
    });
    const { origin } = await served(() => {
      loads += 1;
      return loading;
    });
    expect(loads).toBe(0);
    const answers = ['one', 'two'].map((body) => fetch(origin, { method: 'POST', body }));
    finish(echo);
    expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(['one', 'two']);
    expect(await (await fetch(origin, { method: 'POST', body: 'three' })).text()).toBe('three');
    expect(loads).toBe(1);
  });

  it('can be loaded before the first request', async () => {
    let loads = 0;
    const { origin, prepare } = await served(() => {
      loads += 1;
      return Promise.resolve(echo);
    });
    prepare();
    expect(loads).toBe(1);
    expect(await (await fetch(origin, { method: 'POST', body: 'one' })).text()).toBe('one');
    expect(loads).toBe(1);
  });

  it('responds with 500 if it cannot be loaded, and tries again', async () => {
    let loads = 0;
    const { origin, logged } = await served(() => {
      loads += 1;
      return loads === 1 ? Promise.reject(new Error('no such file')) : Promise.resolve(echo);
    });
    expect((await fetch(origin)).status).toBe(500);
    expect(logged).toHaveLength(1);
    expect((await fetch(origin)).status).toBe(200);
  });
});
