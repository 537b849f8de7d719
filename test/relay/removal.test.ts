import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { removeClient, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { ask, type RelayServer, relayServer, scimError } from '../support/relay-server.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';

const path = '/scim/acme/Users';

/** A request that is running at Webex, which has sent only the headers of the response, or nothing. */
async function underWay(begin: boolean) {
  const here = await relayServer({ limits: { recheckMs: 60 } });
  const secret = await here.client('entra');
  const closed = Promise.withResolvers<void>();
  here.upstream.handle = (_request, response) => {
    response.on('close', () => closed.resolve());
    if (begin) response.writeHead(200, { 'Content-Type': 'text/plain' }).write('{"Resources":[');
  };
  const answer = ask(here, secret, path).catch(() => ({ aborted: true, status: 0 }));
  while (here.upstream.arrived.length === 0) await sleep(5);
  return { here, answer, closed: closed.promise };
}

const otherReplica = ({ vault }: RelayServer) => newVault(undefined, { settings: vault.settings });

describe('a running request', () => {
  it.each([
    [
      'its client is removed',
      (here: RelayServer) => otherReplica(here).then((vault) => removeClient(vault, 'entra', actor)),
    ],
    ['its secret is replaced', (here: RelayServer) => rotateClientSecret(here.vault, 'entra', 0, actor)],
    ['its profile is removed', (here: RelayServer) => removeProfile(here.vault, 'acme', actor)],
  ])('ends at Webex and at the client when %s', async (_name, end) => {
    const { here, answer, closed } = await underWay(true);
    await end(here);
    expect((await answer).aborted).toBe(true);
    await closed;
  });

  it('gets 401 if nothing of its response was sent yet', async () => {
    const { here, answer, closed } = await underWay(false);
    await removeClient(await otherReplica(here), 'entra', actor);
    const ended = await answer;
    expect('body' in ended && scimError(ended).status).toBe(401);
    await closed;
  });

  it('continues while its client has access, and the checks leave no trace in the audit log', async () => {
    const { here, answer } = await underWay(false);
    const rows = () =>
      here.vault.db.selectFrom('audit').select('seq').where('action', '=', 'relay').execute();
    await expect.poll(rows).toHaveLength(1);
    // Several checks.
    await sleep(250);
    expect(await rows()).toHaveLength(1);
    // The tool must not consider its secret wrong because the server stops.
    await here.relay.close();
    expect((await answer).status).toBe(503);
  });
});

describe('the removal of a client', () => {
  it('is effective for the next request on every replica', async () => {
    const one = await relayServer();
    const secret = await one.client('entra');
    const vault = await newVault(undefined, { settings: one.vault.settings });
    const two = await relayServer({ vault, upstream: one.upstream });
    for (const here of [one, two]) expect((await ask(here, secret, path)).status).toBe(200);
    await removeClient(one.vault, 'entra', actor);
    for (const here of [two, one]) expect((await ask(here, secret, path)).status).toBe(401);
  });

  it('applies to requests that arrive during it: none succeeds once it is confirmed', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    const burst = () => Promise.all(Array.from({ length: 40 }, () => ask(here, secret, path)));
    const before = burst();
    await removeClient(here.vault, 'entra', actor);
    const count = here.upstream.arrived.length;
    const after = (await burst()).map(({ status }) => status);
    await before;
    // Its secret is unknown now, and many unknown secrets are throttled.
    expect(after.filter((status) => status !== 401 && status !== 429)).toEqual([]);
    // Requests that were sent earlier may still have been in transit.
    expect(here.upstream.arrived.length).toBeLessThanOrEqual(count + 40);
  });

  it('ends a request whose body is still arriving', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    // Its client is known from now on, so the body is read first.
    await ask(here, secret, path);
    const { request } = await import('node:http');
    const sent = request({
      port: here.port,
      path,
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-length': '10' },
    });
    sent.write('12345');
    await sleep(30);
    await removeClient(here.vault, 'entra', actor);
    sent.end('67890');
    const [response] = await once(sent, 'response');
    expect(response.statusCode).toBe(401);
    response.resume();
    expect(here.upstream.arrived).toHaveLength(1);
  });
});
