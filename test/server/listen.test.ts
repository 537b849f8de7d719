import { createServer, type RequestListener } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Listening, listenOnLoopback } from '../../src/server/listening/listen.ts';
import { findPortOwner } from '../../src/server/listening/port-owner.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { runScript } from '../support/run-script.ts';

const addresses = ['127.0.0.1', '[::1]'];
const hello: RequestListener = (_request, response) => void response.end('hello');

async function listening(handler: RequestListener, port: number): Promise<Listening> {
  const server = await listenOnLoopback(handler, port);
  onTestFinished(() => server.close());
  return server;
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false))
      .once('close', () => socket.destroy())
      .once('connect', () => socket.destroy());
  });
}

describe('listenOnLoopback', () => {
  it('listens on both loopback addresses, and on no other address of this machine', async () => {
    const port = await freePort();
    const server = await listening(hello, port);
    for (const address of addresses) {
      expect(await (await fetch(`http://${address}:${port}/`)).text()).toBe('hello');
    }
    // All of 127.0.0.0/8 is this machine: a server that listens on every address would respond here too.
    expect(await canConnect('127.0.0.2', port)).toBe(false);
    await server.close();
    for (const host of ['127.0.0.1', '::1']) expect(await canConnect(host, port)).toBe(false);
  });
});

describe('a port that another program holds', () => {
  it.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    ['0.0.0.0', '::1'],
    ['::', null],
  ])('is reported with the name of its owner, and nothing stays open: %s', async (held, free) => {
    const port = await freePort();
    const script = join(import.meta.dirname, '../support/processes/occupy-port.ts');
    const holder = runScript(script, [held, String(port)]);
    await holder.firstLine;
    const error = await brokerErrorOf(() => listenOnLoopback(hello, port));
    expect(error.code).toBe('E_PORT_TAKEN');
    expect(error.message).toMatch(new RegExp(`^Port ${port} is in use by node \\(process \\d+\\)\\.$`));
    expect(error.help).toContain('webex-token import');
    if (free !== null) expect(await canConnect(free, port)).toBe(false);
  });

  it('can be in use by this process', async () => {
    const port = await freePort();
    await listening(hello, port);
    expect(await findPortOwner(port)).toMatchObject({ pid: process.pid });
    const error = await brokerErrorOf(() => listenOnLoopback(hello, port));
    expect(error).toMatchObject({ code: 'E_PORT_TAKEN', message: expect.stringContaining(`${process.pid}`) });
  });

  it('has no owner if it is free', async () => {
    expect(await findPortOwner(await freePort())).toBeNull();
  });
});

describe('close', () => {
  it('lets open requests finish, and accepts no new ones', async () => {
    const port = await freePort();
    let finish = () => {};
    let started = () => {};
    const underWay = new Promise<void>((resolve) => {
      started = resolve;
    });
    const server = await listening((_request, response) => {
      finish = () => void response.end('done');
      started();
    }, port);
    const answer = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    await underWay;
    const closed = server.close();
    expect(await canConnect('127.0.0.1', port)).toBe(false);
    finish();
    expect(await answer).toBe('done');
    await closed;
  });

  it('does not wait for a browser that keeps its connection open', async () => {
    const port = await freePort();
    const server = await listening(hello, port);
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    // The time after which it closes every connection never comes.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await server.close();
  });

  it('frees the port', async () => {
    const port = await freePort();
    await (await listening(hello, port)).close();
    await (await listening(hello, port)).close();
    const server = createServer(hello);
    await new Promise<void>((resolve) => server.listen(port, '::', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
