import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  findRunningInstance,
  newInstance,
  type RunningInstance,
  signChallenge,
  writeInstanceFile,
} from '../../src/instance/instance-file.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { hasIPv6 } from '../support/http/ipv6.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A server on loopback, with its requests. */
async function serving(
  handler: RequestListener,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

function proving(secret: () => string): RequestListener {
  return (request, response) => {
    const challenge = new URL(request.url ?? '', 'http://localhost').searchParams.get('challenge') ?? '';
    response.end(JSON.stringify({ proof: signChallenge(secret(), challenge) }));
  };
}

async function announced(): Promise<{
  home: string;
  presence: RunningInstance;
  leave: () => void;
  asked: string[];
}> {
  const home = temporaryFolder();
  let presence: RunningInstance = newInstance(1);
  const { port, asked } = await serving(proving(() => presence.secret));
  presence = newInstance(port);
  return { home, presence, leave: writeInstanceFile(home, presence), asked };
}

describe('findRunningInstance', () => {
  it('finds a server that proves its identity, until it stops', async () => {
    const { home, presence, leave } = await announced();
    expect(await findRunningInstance(home)).toEqual(presence);
    expect(statSync(join(home, 'server.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(['server.json']);
    leave();
    expect(await findRunningInstance(home)).toBeNull();
    expect(readdirSync(home)).toEqual([]);
  });

  it.skipIf(!hasIPv6)('finds a server on ::1 (skipped without IPv6), unless 127.0.0.1 is taken', async () => {
    const home = temporaryFolder();
    let presence: RunningInstance = newInstance(1);
    const port = await freePort();
    await serving(
      proving(() => presence.secret),
      { host: '::1', port },
    );
    presence = newInstance(port);
    writeInstanceFile(home, presence);
    expect(await findRunningInstance(home)).toEqual(presence);
    await serving((_request, response) => void response.end('<!doctype html>'), { port });
    expect(await findRunningInstance(home)).toBeNull();
  });

  it('sends a new challenge each time, and never the secret', async () => {
    const { home, presence, asked } = await announced();
    await findRunningInstance(home);
    await findRunningInstance(home);
    expect(new Set(asked).size).toBe(2);
    expect(asked.join()).not.toContain(presence.secret);
  });

  it('keeps the file of the next server when an earlier one stops late', async () => {
    const first = await announced();
    const second = newInstance(first.presence.port);
    writeInstanceFile(first.home, second);
    first.leave();
    expect(JSON.parse(readFileSync(join(first.home, 'server.json'), 'utf8'))).toEqual(second);
  });
});

describe('findRunningInstance, without a server of ours', () => {
  const impostors: [string, RequestListener][] = [
    ['another secret', proving(() => newInstance(1).secret)],
    [
      'the challenge itself',
      (request, response) => void response.end(JSON.stringify({ proof: request.url })),
    ],
    ['no proof', (_request, response) => void response.end('{}')],
    ['an empty proof', (_request, response) => void response.end('{"proof":""}')],
    ['a page', (_request, response) => void response.end('<!doctype html>')],
    ['a refusal', (_request, response) => void response.writeHead(404).end()],
    ['a redirect', (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a cut connection', (request) => void request.socket.destroy()],
  ];

  it.each(impostors)('rejects a server with %s', async (_, handler) => {
    const home = temporaryFolder();
    const { port } = await serving(handler);
    writeInstanceFile(home, newInstance(port));
    expect(await findRunningInstance(home)).toBeNull();
  });

  it('rejects a server that does not respond in time', async () => {
    const home = temporaryFolder();
    const { port } = await serving(() => {});
    writeInstanceFile(home, newInstance(port));
    expect(await findRunningInstance(home, fetch, 50)).toBeNull();
  });

  it.each(['', '{', '[]', '{"pid":1,"port":99999,"secret":"x"}', '{"pid":1,"port":3000}'])(
    'ignores an invalid file: %j',
    async (text) => {
      const home = temporaryFolder();
      writeFileSync(join(home, 'server.json'), text);
      expect(await findRunningInstance(home)).toBeNull();
    },
  );

  it('finds nothing without a file', async () => {
    expect(await findRunningInstance(temporaryFolder())).toBeNull();
  });
});
