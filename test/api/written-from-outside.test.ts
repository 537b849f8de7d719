import { describe, expect, it } from 'vitest';
import { healthProbes } from '../../src/server/health-probes.ts';
import { hasCalendarFeed } from '../../src/store/access/calendar-feed.ts';
import { signInByState } from '../../src/store/access/sign-ins.ts';
import { findWebSession } from '../../src/store/access/web-sessions.ts';
import type { Table } from '../../src/store/database/tables.ts';
import type { Db } from '../../src/store/db.ts';
import { destinationsOf, saveDestination } from '../../src/store/destinations.ts';
import { addClient, removeClient, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import type { Vault } from '../../src/vault/context.ts';
import { removeProfile, requireProfile } from '../../src/vault/profiles/profiles.ts';
import { redeemAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { hashSecret } from '../../src/vault/sign-in/secret-hashes.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { openStoreContext, openVault } from '../../src/vault/vault.ts';
import { askToken, clientOf, orgIds, profileWithToken, served } from '../support/api-server.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { actor, filledVault, noKeychain, today } from '../support/vault/test-vault.ts';

/* Someone can write to the database, and has no key. */

type Values = Record<string, string | number | null>;

async function put(db: Db, table: Table, values: Values): Promise<void> {
  await db
    .insertInto(table)
    .values(values as never)
    .execute();
}

async function set(db: Db, table: Table, values: Values, where: Values = {}): Promise<void> {
  let query = db.updateTable(table).set(values as never);
  for (const [column, value] of Object.entries(where))
    query = query.where(column as never, '=', value as never);
  await query.execute();
}

const written: readonly Table[] = [
  'profile',
  'token',
  'client',
  'client_profile',
  'row_mac',
  'row_mac_bucket',
  'row_mac_head',
];

/** The current content of these tables, and a function that restores exactly that. */
async function copyOf(db: Db, tables: readonly Table[] = written): Promise<() => Promise<void>> {
  const copies = new Map<Table, unknown[]>();
  for (const table of tables) copies.set(table, await db.selectFrom(table).selectAll().execute());
  return async () => {
    for (const table of tables.toReversed()) await db.deleteFrom(table).execute();
    for (const table of tables) {
      const rows = copies.get(table) ?? [];
      if (rows.length > 0) {
        await db
          .insertInto(table)
          .values(rows as never)
          .execute();
      }
    }
  };
}

const prepared = filledVault(async (vault) => {
  await profileWithToken(vault, 'acme');
  await profileWithToken(vault, 'globex', { orgId: orgIds.globex });
  return await clientOf(vault, 'ci', ['acme']);
});

async function ready() {
  const { vault, filled: secret } = await prepared();
  const api = await served({ vault });
  const ids = await api.vault.db.selectFrom('profile').select(['id', 'name']).execute();
  const idOf = (name: string) => ids.find((each) => each.name === name)?.id ?? '';
  return { ...api, db: api.vault.db, secret, acme: idOf('acme'), globex: idOf('globex') };
}

type Ready = Awaited<ReturnType<typeof ready>>;

/** Each of these would return a token if nothing were checked: the change, and the client. */
const attacks: [string, (store: Ready) => Promise<{ client?: string; secret?: string } | undefined>][] = [
  [
    'a client with a secret of the attacker’s choice',
    async ({ db, acme }) => {
      const values = { id: 'x', name: 'x', secret_hash: hashSecret('x'), addresses: '[]', created_at: 1 };
      await put(db, 'client', values);
      await put(db, 'client_profile', { client_id: 'x', profile_id: acme });
      return { client: 'x', secret: 'x' };
    },
  ],
  [
    'another secret of a client',
    async ({ db }) => {
      await set(db, 'client', { secret_hash: hashSecret('x') });
      return { secret: 'x' };
    },
  ],
  [
    'a previous secret of a client',
    async ({ db }) => {
      await set(db, 'client', { previous_secret_hash: hashSecret('x'), previous_secret_until: today * 2 });
      return { secret: 'x' };
    },
  ],
  ['a later end of a client', async ({ db }) => void (await set(db, 'client', { expires_at: today * 2 }))],
  [
    'a longer life of the tokens of a client',
    async ({ db }) => void (await set(db, 'client', { max_expires_in: 86_400 })),
  ],
  [
    'other addresses of a client',
    async ({ db }) => void (await set(db, 'client', { addresses: '["::/0"]' })),
  ],
  [
    'a permission for another profile',
    async ({ db, globex }) => void (await set(db, 'client_profile', { profile_id: globex })),
  ],
  ['another deployment', async ({ db }) => void (await set(db, 'profile', { deployment: 'government' }))],
  [
    'another organization',
    async ({ db, acme }) => void (await set(db, 'profile', { org_id: orgIds.globex }, { id: acme })),
  ],
  [
    'two exchanged names',
    async ({ db, acme, globex }) => {
      await set(db, 'profile', { name: 'between' }, { id: acme });
      await set(db, 'profile', { name: 'acme' }, { id: globex });
      await set(db, 'profile', { name: 'globex' }, { id: acme });
    },
  ],
  [
    'a previous token made the current one',
    async ({ db, acme, vault }) => {
      await profileWithToken(vault, 'acme', { token: 'fake-token-for-acme-2' });
      await set(db, 'token', { state: 'between' }, { profile_id: acme, state: 'current' });
      await set(db, 'token', { state: 'current' }, { profile_id: acme, state: 'previous' });
      await set(db, 'token', { state: 'previous' }, { profile_id: acme, state: 'between' });
    },
  ],
  [
    'an old row of a token, put back with its code',
    async ({ db, vault }) => {
      const putBack = await copyOf(db, ['token', 'row_mac']);
      await profileWithToken(vault, 'acme', { token: 'fake-token-for-acme-2' });
      await putBack();
    },
  ],
  [
    'a removed client, put back without its code',
    async ({ db, vault }) => {
      const putBack = await copyOf(db, ['client', 'client_profile']);
      await removeClient(vault, 'ci', actor);
      await putBack();
    },
  ],
  [
    'a removed client, put back with its code',
    async ({ db, vault }) => {
      const putBack = await copyOf(db, ['client', 'client_profile', 'row_mac']);
      await removeClient(vault, 'ci', actor);
      await putBack();
    },
  ],
  [
    'a removed client, put back with its code and the digests',
    async ({ db, vault }) => {
      const putBack = await copyOf(db, ['client', 'client_profile', 'row_mac', 'row_mac_bucket']);
      await removeClient(vault, 'ci', actor);
      await putBack();
    },
  ],
  [
    'everything as it was before a client was removed',
    async ({ db, vault }) => {
      const putBack = await copyOf(db);
      await removeClient(vault, 'ci', actor);
      await profileWithToken(vault, 'acme', { token: 'fake-token-for-acme-2' });
      await addClient(vault, { name: 'other', profiles: ['acme'] }, actor);
      await requireProfile(vault, 'acme');
      await putBack();
    },
  ],
  [
    'the old secret of a client',
    async ({ db, vault }) => {
      const putBack = await copyOf(db, ['client', 'row_mac']);
      await rotateClientSecret(vault, 'ci', 0, actor);
      await putBack();
    },
  ],
  [
    'no codes at all',
    async ({ db }) => {
      for (const table of ['row_mac', 'row_mac_bucket', 'row_mac_head'] as const) {
        await db.deleteFrom(table).execute();
      }
    },
  ],
];

describe('the token endpoint of a running server', () => {
  it.each(attacks)('refuses %s', async (_, attack) => {
    const store = await ready();
    expect((await askToken(store, 'ci', store.secret)).status).toBe(200);
    const { client = 'ci', secret = store.secret } = (await attack(store)) ?? {};
    const response = await askToken(store, client, secret);
    expect(response).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(JSON.stringify(response.json)).not.toContain('fake-token');
    expect(JSON.stringify(store.logged)).toMatch(/integrity check/);
  });
});

describe('a command that opens the store', () => {
  it.each(attacks)('finds %s', async (_, attack) => {
    const store = await ready();
    const { settings } = store.vault;
    // The last known state of the store when this program ends.
    await attack(store);
    const notices: string[] = [];
    const notice = (text: string) => void notices.push(text);
    const fails = async (open: () => Promise<{ db: Db }>) => {
      try {
        await (await open()).db.destroy();
        return notices.splice(0).length > 0;
      } catch (error) {
        return ['E_INTEGRITY', 'E_STORE_ROLLED_BACK'].includes((error as { code: string }).code);
      }
    };
    await store.vault.rollbackDetector.remember();
    const options = { keychain: noKeychain, now: () => today, onWarning: notice };
    const found = [
      await fails(() => openVault(settings, options)),
      await fails(() => openStoreContext(settings, () => today, noKeychain, { onWarning: notice })),
    ];
    // Without a recorded state, an older copy of the store cannot be distinguished from the store.
    if (_.startsWith('everything as it was') || _ === 'no codes at all') return;
    expect(found).toEqual([true, true]);
  });
});

describe('what was written from outside', () => {
  it('gives no token to a command', async () => {
    const { vault, db, acme, globex } = await ready();
    await set(db, 'profile', { name: 'between' }, { id: acme });
    await set(db, 'profile', { name: 'acme' }, { id: globex });
    const error = await brokerErrorOf(() => readToken(vault, 'acme', actor));
    expect(error).toMatchObject({
      code: 'E_INTEGRITY',
      message: expect.stringContaining('a profile was changed'),
    });
  });

  it('authenticates no session of the web app', async () => {
    const { vault, db } = await ready();
    const later = today + 60_000;
    await put(db, 'access_link', { link_hash: hashSecret('x'), created_at: today, expires_at: later });
    expect((await brokerErrorOf(() => redeemAccessLink(vault, 'x'))).code).toBe('E_INTEGRITY');
    const data = JSON.stringify({ cookie: {}, entered: true });
    await put(db, 'web_session', { id_hash: hashSecret('x'), data, expires_at: later });
    const session = () => findWebSession(db, hashSecret('x'), today, Number.MAX_SAFE_INTEGER);
    expect((await brokerErrorOf(session)).code).toBe('E_INTEGRITY');
    await put(db, 'calendar_feed', { secret_hash: hashSecret('x'), created_at: today });
    expect((await brokerErrorOf(() => hasCalendarFeed(db, hashSecret('x')))).code).toBe('E_INTEGRITY');
  });

  it('starts no sign-in', async () => {
    const { db } = await ready();
    await put(db, 'sign_in', {
      id: 'x',
      state_hash: hashSecret('x'),
      session_binding_hash: hashSecret('x'),
      profile_name: 'acme',
      deployment: 'commercial',
      scopes: '[]',
      fresh_sign_in: 0,
      created_at: today,
      expires_at: today + 60_000,
    });
    expect((await brokerErrorOf(() => signInByState(db, hashSecret('x')))).code).toBe('E_INTEGRITY');
  });

  it('is no destination of a token', async () => {
    const { db, acme } = await ready();
    const target = { profileId: acme, provider: 'entra' as const, appId: 'ours', cloud: 'global' };
    await saveDestination(db, { ...target, appName: 'Cisco Webex', method: 'push', steps: [] });
    expect(await destinationsOf(db, acme)).toHaveLength(1);
    await set(db, 'destination', { app_id: 'theirs' });
    expect((await brokerErrorOf(() => destinationsOf(db, acme))).code).toBe('E_INTEGRITY');
  });
});

describe('a running server', () => {
  it('is not ready, and serves nothing, once the store was rolled back', async () => {
    const { vault, db, secret, ...api } = await ready();
    const putBack = await copyOf(db, [...written, 'audit', 'audit_head']);
    await clientOf(vault, 'other', ['acme']);
    await healthProbes(vault).ready();
    await putBack();
    const error = await brokerErrorOf(() => healthProbes(vault).ready());
    expect(error).toMatchObject({ code: 'E_STORE_ROLLED_BACK' });
    expect((await askToken(api, 'ci', secret)).status).toBe(503);
    expect(JSON.stringify(api.logged)).toContain('tokens are no longer served');
    // The recorded state is not replaced by the current one.
    await vault.rollbackDetector.remember();
    expect(vault.rollbackDetector.problem?.code).toBe('E_STORE_ROLLED_BACK');
  });

  it('keeps working while this program changes the store', async () => {
    const { vault, secret, ...api } = await ready();
    for (let turn = 0; turn < 5; turn += 1) {
      const other = await clientOf(vault, `other-${turn}`, ['acme', 'globex']);
      await profileWithToken(vault, `more-${turn}`);
      expect((await askToken(api, 'ci', secret)).status).toBe(200);
      expect((await askToken(api, `other-${turn}`, other)).status).toBe(400);
      await removeProfile(vault, `more-${turn}`, actor);
      await removeClient(vault, `other-${turn}`, actor);
      await healthProbes(vault).ready();
    }
    expect(await rowMacsWithoutRow(vault)).toEqual([]);
  });
});

/** MACs of rows that no longer exist. */
async function rowMacsWithoutRow({ db }: Pick<Vault, 'db'>): Promise<string[]> {
  const macs = await db.selectFrom('row_mac').select(['kind', 'id']).execute();
  const known = new Set<string>();
  for (const table of ['profile', 'token', 'client', 'destination'] as const) {
    for (const { id } of await db.selectFrom(table).select('id').execute()) known.add(id);
  }
  for (const { id } of await db.selectFrom('audit_chain').select('id').execute()) known.add(String(id));
  for (const each of await db.selectFrom('client_profile').selectAll().execute()) {
    known.add(`${each.client_id}/${each.profile_id}`);
  }
  return macs.map(({ id }) => id).filter((id) => !known.has(id));
}
