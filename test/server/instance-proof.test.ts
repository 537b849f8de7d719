import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signChallenge } from '../../src/instance/instance-file.ts';
import { withInstanceProof } from '../../src/server/requests/instance-proof.ts';

const secret = 's'.repeat(43);
const challenge = 'c'.repeat(43);

/** Sends a request to a server that responds to other requests with 418. */
async function ask(path: string, { host, method = 'GET' }: { host?: string; method?: string } = {}) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  server.on(
    'request',
    withInstanceProof((_request, response) => void response.writeHead(418).end(), secret, port),
  );
  const sent = request({ port, path, method, headers: { host: host ?? `127.0.0.1:${port}` } }).end();
  const [answer] = await once(sent, 'response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, body, headers: answer.headers };
}

describe('the proof of a server', () => {
  it('is given for a challenge, and not cached', async () => {
    const { status, body, headers } = await ask(`/instance?challenge=${challenge}`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ proof: signChallenge(secret, challenge) });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  it('is not given for another host, method or path, nor for a malformed challenge', async () => {
    const path = `/instance?challenge=${challenge}`;
    expect((await ask(path, { host: 'evil.example' })).status).toBe(418);
    expect((await ask(path, { method: 'POST' })).status).toBe(418);
    for (const other of [
      '/instance',
      '/instance?challenge=short',
      '/instance?challenge=%0aaaaaaaaaaaaaaaaaa',
      `/instance?challenge=${'a'.repeat(129)}`,
      `/instance/?challenge=${challenge}`,
      '/',
    ]) {
      expect((await ask(other)).status).toBe(418);
    }
  });
});
