import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/demo/postgres-server.ts';
import { listProfiles } from '../../src/store/profiles/profiles.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { profileWithToken, served } from '../support/api-server.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { ask, relayServer, scimError, upstreamServer, vaultBefore } from '../support/relay-server.ts';
import { newPostgresPlace } from '../support/store/engines.ts';
import { actor, newVault, testSettings } from '../support/vault/test-vault.ts';
import { served as servedWeb } from '../support/web/web-client.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

describe('a server with PostgreSQL', () => {
  it('reports an outage of the database everywhere, and recovers by itself', async () => {
    const upstream = await upstreamServer();
    const { settings: withUpstream } = await vaultBefore(upstream);
    const settings = { ...withUpstream, databaseUrl: `${server.url}postgres` };
    const vault = await newVault(undefined, { settings, fetch: globalThis.fetch });
    const token = await profileWithToken(vault, 'acme');
    const { origin } = await served({ vault });
    const web = await servedWeb(undefined, { vault });
    const person = await web.person();
    const { secret } = await addClient(vault, { name: 'job', profiles: ['acme'] }, actor);
    const fetchToken = () =>
      fetch(`${origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'job',
          client_secret: secret ?? '',
        }),
      });
    expect(await (await fetchToken()).json()).toMatchObject({ access_token: token });
    const relay = await relayServer({ vault, upstream });
    const relaySecret = await relay.client('entra');
    const provision = () => ask(relay, relaySecret, '/scim/acme/Users', { method: 'POST', body: '{}' });
    expect((await provision()).status).toBe(200);

    await server.interrupt();
    const error = await brokerErrorOf(() => listProfiles(vault.db));
    expect(error).toMatchObject({ code: 'E_STORE_UNREACHABLE', help: expect.stringContaining('Try again') });
    expect(error.message).not.toContain(new URL(server.url).password);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const response = await fetchToken();
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    }
    const refused = await provision();
    expect(scimError(refused).status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // No token is returned without its audit row.
    expect(upstream.arrived).toHaveLength(1);
    const page = await person.get('/').expect(503);
    expect(page.headers['retry-after']).toBe('5');
    expect(page.text).toContain('Store unreachable');
    expect(page.text).not.toContain(new URL(server.url).password);

    await server.start();
    expect(await (await fetchToken()).json()).toMatchObject({ access_token: token });
    expect((await provision()).status).toBe(200);
    await person.get('/').expect(200);
    expect(await listProfiles(vault.db)).toHaveLength(1);
  });

  it('does not reuse connections that were interrupted', async () => {
    const place = await newPostgresPlace();
    const vault = await newVault(undefined, { settings: { ...(await testSettings()), databaseUrl: place } });
    const error = await brokerErrorOf(() =>
      vault.db.transaction().execute(async (trx) => {
        await trx.insertInto('counter').values({ name: 'n', label: '', value: 1 }).execute();
        const { pid } = await trx
          .selectNoFrom(({ fn }) => fn<number>('pg_backend_pid').as('pid'))
          .executeTakeFirstOrThrow();
        await vault.db
          .selectNoFrom(({ fn, val }) => fn('pg_terminate_backend', [val(pid), val(stepHangsMs)]).as('done'))
          .execute();
        await trx.insertInto('counter').values({ name: 'm', label: '', value: 1 }).execute();
      }),
    );
    expect(error.code).toBe('E_STORE_UNREACHABLE');
    expect(await vault.db.selectFrom('counter').selectAll().execute()).toEqual([]);
    await vault.db
      .transaction()
      .execute((trx) => trx.insertInto('counter').values({ name: 'n', label: '', value: 1 }).execute());
  });
});
