import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { changedSince, copyStore } from '../../src/store/database/copy.ts';
import { tables } from '../../src/store/database/tables.ts';
import type { Db } from '../../src/store/db.ts';
import { created } from '../../src/store/integrity/changes.ts';
import { copyStoreTo } from '../../src/vault/backup/copy-store.ts';
import { saveChannelSettings } from '../../src/vault/reminders/channel-settings.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { profileWithToken } from '../support/api-server.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { machine } from '../support/cli/cli-process.ts';
import { addChain } from '../support/store/audit-chains.ts';
import { newPostgresPlace, newSqlitePlace } from '../support/store/engines.ts';
import { reopened } from '../support/store/test-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  actor,
  newVault,
  noKeychain,
  type TestVault,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';

/** A vault on SQLite with a row in every table. */
async function full(): Promise<TestVault> {
  const settings = { ...(await testSettings()), databaseUrl: null };
  const vault = await newVault(undefined, { settings });
  for (const name of ['acme', 'globex', 'müller'.normalize('NFKD').replace(/[^a-z]/g, '')]) {
    await profileWithToken(vault, name);
  }
  await vault.db.transaction().execute(fillTables);
  await addChain(vault.db, today, [{ action: 'read', outcome: 'ok' }]);
  await saveChannelSettings(vault, 'webhook', { url: 'https://hooks.example/x', secret: null }, actor);
  return vault;
}

async function fillTables(db: Db): Promise<void> {
  const profile = await db.selectFrom('profile').selectAll().orderBy('name').executeTakeFirstOrThrow();
  const token = await db.selectFrom('token').select('id').executeTakeFirstOrThrow();
  const profile_id = profile.id;
  created(db, 'client', ['c']);
  created(db, 'grant', [`c/${profile_id}`]);
  created(db, 'destination', ['x']);
  created(db, 'calendarFeed', ['s']);
  created(db, 'session', ['i']);
  created(db, 'accessLink', ['l']);
  created(db, 'signIn', ['s']);
  await db.insertInto('profile_tag').values({ tag: 'emea', profile_id }).execute();
  await db
    .insertInto('client')
    .values({ id: 'c', name: 'job', addresses: '[]', created_at: 1 } as never)
    .execute();
  await db.insertInto('client_profile').values({ client_id: 'c', profile_id }).execute();
  await db.insertInto('client_assertion').values({ client_id: 'c', jti_hash: 'h', expires_at: 9 }).execute();
  await db
    .insertInto('reminder')
    .values({
      token_id: token.id,
      trigger: '30',
      channel: 'mail',
      event_at: 1,
      state: 'sent',
      attempts: 1,
      changed_at: 1,
    } as never)
    .execute();
  await db
    .insertInto('destination')
    .values({
      id: 'x',
      profile_id,
      provider: 'okta',
      app_id: '',
      app_name: 'Süß “q”',
      method: 'push',
      steps: '[]',
    } as never)
    .execute();
  await db
    .insertInto('renewal_campaign')
    .values({ id: 'r', expires_before: 8_640_000_000_000_000, tag: null, created_at: 1, ended_at: null })
    .execute();
  await db
    .insertInto('renewal_item')
    .values({ campaign_id: 'r', profile_id, token_id: null, expires_at: 1, skipped_at: null })
    .execute();
  await db
    .insertInto('guide_step')
    .values({ profile_id, provider: 'okta', step: 'a/b', done_at: 1 })
    .execute();
  await db
    .insertInto('relay_traffic')
    .values({ profile_id, slot: 300_000, succeeded: 2, failed: 1 })
    .execute();
  await db
    .insertInto('relay_state')
    .values({ profile_id, last_success_at: 1, last_error_at: 2, last_error: '409' })
    .execute();
  await db.insertInto('meta').values({ key: 'k', value: 'v' }).execute();
  await db.insertInto('counter').values({ name: 'n', label: 'l', value: 5 }).execute();
  await db.insertInto('calendar_feed').values({ secret_hash: 's', created_at: 1 }).execute();
  await db.insertInto('calendar_entry').values({ profile_id, digest: 'd', changed_at: 1 }).execute();
  await db.insertInto('web_session').values({ id_hash: 'i', data: '{}', expires_at: 1 }).execute();
  await db
    .insertInto('access_link')
    .values({ link_hash: 'l', created_at: 1, expires_at: 2, used_at: null })
    .execute();
  await db
    .insertInto('sign_in')
    .values({
      id: 's',
      profile_name: 'acme',
      deployment: 'commercial',
      scopes: '[]',
      fresh_sign_in: 1,
      created_at: 1,
      expires_at: 2,
    } as never)
    .execute();
}

const options = (vault: TestVault) => ({
  settings: vault.settings,
  keychain: noKeychain,
  now: () => today,
  actor,
});

async function content(db: Db) {
  const all: Record<string, unknown[]> = {};
  for (const table of tables) {
    const rows = await db.selectFrom(table).selectAll().execute();
    all[table] = rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
  }
  return all;
}

async function isEmpty(db: Db): Promise<boolean> {
  const found = await content(db);
  return tables.every((table) =>
    table === 'audit_head' ? found[table]?.length === 1 : found[table]?.length === 0,
  );
}

describe('copyStore', () => {
  it('copies everything to PostgreSQL and back, and every token can be decrypted there', async () => {
    const vault = await full();
    for (const table of tables) {
      const rows = await vault.db.selectFrom(table).select(sql<number>`1`.as('one')).execute();
      expect([table, rows.length > 0]).toEqual([table, true]);
    }
    const postgres = await newPostgresPlace();
    const copied = await copyStoreTo(storeLocation(vault.settings), postgres, options(vault));
    expect(copied).toMatchObject({ tokens: 3, changedMeanwhile: false });
    expect(copied.tables.map(({ table }) => table).sort()).toEqual([...tables].sort());

    const there = await newVault(undefined, { settings: { ...vault.settings, databaseUrl: postgres } });
    expect((await readToken(there, 'globex', actor)).accessToken).toBe('fake-token-for-globex-1');

    const back = await newSqlitePlace();
    await copyStoreTo(postgres, back, options(vault));
    const after = await content(await reopened(back));
    const before = await content(await reopened(postgres));
    // The log of the copy records that it is a copy.
    for (const table of tables.filter((each) => !each.startsWith('audit')))
      expect(after[table]).toEqual(before[table]);
    expect(after.audit).toEqual(expect.arrayContaining(before.audit ?? []));
    expect(after.audit).toHaveLength((before.audit?.length ?? 0) + 1);
  });

  describe('a failed copy', () => {
    async function failing(spoil: (db: Db) => Promise<unknown>) {
      const vault = await full();
      await spoil(vault.db);
      const to = await newPostgresPlace();
      const error = await brokerErrorOf(() => copyStoreTo(storeLocation(vault.settings), to, options(vault)));
      expect(await isEmpty(await reopened(to))).toBe(true);
      return error;
    }

    it('leaves the target empty for a token that cannot be decrypted', async () => {
      const error = await failing((db) =>
        sql`update token set ciphertext = (select ciphertext from token where profile_id =
        (select id from profile where name = 'globex')) where profile_id =
        (select id from profile where name = 'acme')`.execute(db),
      );
      expect(error.code).toBe('E_INTEGRITY');
    });

    it('leaves the target empty for an audit log that was changed', async () => {
      const error = await failing((db) =>
        db.updateTable('audit').set({ profile: 'x' }).where('seq', '=', 2).execute(),
      );
      expect(error).toMatchObject({ code: 'E_STORE_COPY', message: expect.stringContaining('row 2') });
    });

    it('leaves the target empty for a key that is not available', async () => {
      const vault = await full();
      const to = await newPostgresPlace();
      const home = join(temporaryFolder(), 'other');
      mkdirSync(home, { mode: 0o700 });
      const settings = { ...vault.settings, home };
      const error = await brokerErrorOf(() =>
        copyStoreTo(storeLocation(vault.settings), to, { ...options(vault), settings }),
      );
      expect(error.code).toBe('E_KEY_LOST');
      expect(await isEmpty(await reopened(to))).toBe(true);
    });

    it('leaves the target empty for rows that differ from the original', async () => {
      const vault = await full();
      // A new database, which no other test reuses.
      const to = await reopened(await newPostgresPlace({ empty: true }));
      await sql`create function spoil() returns trigger language plpgsql as
      'begin new.name := new.name || ''x''; return new; end'`.execute(to);
      await sql`create trigger spoil before insert on client for each row execute function spoil()`.execute(
        to,
      );
      const error = await brokerErrorOf(() => copyStore(vault.db, to));
      expect(error).toMatchObject({ code: 'E_STORE_COPY', message: expect.stringContaining('client') });
      expect(await isEmpty(to)).toBe(true);
    });
  });

  it('copies the state of one instant without blocking writers', async () => {
    const vault = await full();
    const other = await newVault(undefined, { settings: vault.settings });
    const to = await reopened(await newPostgresPlace());
    const contents = await copyStore(vault.db, to, {
      prove: async () => {
        await profileWithToken(other, 'meanwhile');
      },
    });
    expect(await changedSince(other.db, contents)).toBe(true);
    expect(contents.find(({ table }) => table === 'profile')?.rows).toBe(3);
  });

  it('copies into a store that was opened but never used, not into one with data', async () => {
    const vault = await full();
    const to = await newPostgresPlace();
    await newVault(undefined, { settings: { ...(await testSettings()), databaseUrl: to } });
    await copyStoreTo(storeLocation(vault.settings), to, options(vault));
    const error = await brokerErrorOf(() => copyStoreTo(storeLocation(vault.settings), to, options(vault)));
    expect(error.code).toBe('E_STORE_NOT_EMPTY');
  });

  it('reports each table and shows no password, as a command', async () => {
    const to = await newPostgresPlace();
    const { run, home } = await machine(undefined, { COPY_TO: to });
    await run(
      ['import', 'acme', '--org-id', '11111111-2222-4333-8444-555555555555'],
      'fake-token-for-acme-1',
    );
    const from = join(home, 'store.db');
    const copied = await run(['store', 'copy', from, 'env:COPY_TO', '--json']);
    expect(copied.code).toBe(0);
    expect(JSON.parse(copied.stdout)).toMatchObject({
      from,
      to: to.replace(/:[^:@/]+@/, '@'),
      tokensOpened: 1,
      tables: expect.arrayContaining([expect.objectContaining({ table: 'profile', rows: 1 })]),
    });
    const plain = await run(['store', 'copy', from, to]);
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(/can read a password in command-line arguments[\s\S]*not empty/);
    const all = [copied, plain].map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(all).not.toContain(new URL(to).password);
    expect((await run(['store', 'copy', `${from}.none`, 'env:COPY_TO'])).stderr).toContain(
      'There is no store',
    );
    expect((await run(['store', 'copy', from, 'env:NOT_SET'])).code).toBe(2);
  });
});
