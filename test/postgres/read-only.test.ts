import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { healthProbes } from '../../src/server/health-probes.ts';
import { listProfiles } from '../../src/store/profiles/profiles.ts';
import { askToken, clientOf, profileWithToken, served } from '../support/api-server.ts';
import { asOwner, endConnections, newPostgresPlace } from '../support/store/engines.ts';
import { newVault, testSettings } from '../support/vault/test-vault.ts';

describe('a server with PostgreSQL', () => {
  it('is not ready while the database is read-only, with the reason, and ready again afterwards', async () => {
    const place = await newPostgresPlace({ empty: true });
    const settings = { ...(await testSettings()), databaseUrl: place };
    const vault = await newVault(undefined, { settings });
    const token = await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const api = await served({ vault, probes: healthProbes(vault) });
    const ready = async () => {
      const response = await fetch(`${api.origin}/readyz`);
      return { code: response.status, ...((await response.json()) as object) };
    };
    const database = new URL(place).pathname.slice(1);
    const readOnly = async (value: 'on' | 'off') => {
      await asOwner(`alter database ${database} set default_transaction_read_only = ${value}`);
      // The setting applies to new connections.
      await endConnections(place);
      // The pool drops interrupted connections on their next use.
      await sql`select 1`.execute(vault.db).catch(() => {});
    };
    expect(await ready()).toEqual({ code: 200, status: 'ready' });
    await readOnly('on');
    await expect.poll(ready).toEqual({ code: 503, status: 'not ready', reason: 'the database is read-only' });
    const response = await askToken(api, 'ci', secret);
    expect(response).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(await listProfiles(vault.db)).toHaveLength(1);

    await readOnly('off');
    await expect.poll(ready).toEqual({ code: 200, status: 'ready' });
    expect((await askToken(api, 'ci', secret)).json).toMatchObject({ access_token: token });
  });
});
