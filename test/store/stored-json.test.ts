import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { checkAssertion } from '../../src/api/client-auth/assertion.ts';
import { packageRoot } from '../../src/program-files.ts';
import { findClient, insertClient } from '../../src/store/access/clients.ts';
import { insertSignIn, signInById } from '../../src/store/access/sign-ins.ts';
import { type JsonColumn, parseListColumn } from '../../src/store/database/stored-json.ts';
import type { Db } from '../../src/store/db.ts';
import { destinationsOf, saveDestination } from '../../src/store/destinations.ts';
import { insertKeyRecord, listKeyRecords } from '../../src/store/keys/keys.ts';
import { activeReplacement, startReplacement } from '../../src/store/keys/rotation.ts';
import { setStoreIdentity, storeIdentity } from '../../src/store/meta/incarnation.ts';
import { findProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { insertToken, tokenById } from '../../src/store/profiles/tokens.ts';
import { remindersOf } from '../../src/store/reminders/reminders.ts';
import { isStringList } from '../../src/text/json-shape.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

const profile = fakeProfile({ id: 'profile', name: 'acme' });
const token = fakeToken({ id: 'token', profileId: profile.id });

/** A row in every table that has a column with JSON. */
async function fill(db: Db): Promise<void> {
  await insertProfile(db, profile);
  await insertToken(db, token, 'ciphertext');
  await saveDestination(db, {
    profileId: profile.id,
    provider: 'entra',
    appId: 'app',
    appName: 'Webex',
    method: 'push',
    steps: [],
  });
  await db.transaction().execute((trx) =>
    insertClient(trx, {
      id: 'client',
      name: 'deploy',
      secretHash: 'hash',
      jwks: null,
      addresses: [],
      expiresAt: null,
      createdAt: 1000,
      maxExpiresIn: null,
      relayRights: null,
      workloadIdentity: null,
      anyScope: false,
      profileIds: [],
    }),
  );
  await insertSignIn(
    db,
    {
      id: 'sign-in',
      profileName: 'acme',
      displayName: null,
      deployment: 'commercial',
      orgId: null,
      scopes: [],
      freshSignIn: false,
      createdAt: 1000,
      expiresAt: 2000,
    },
    {},
  );
  await insertKeyRecord(db, {
    info: { id: 'key', kind: 'passphrase', parameters: { salt: 'AA', N: 2, r: 8, p: 1 } },
    name: 'user@host',
    publicKey: null,
    authorization: null,
    createdAt: 1000,
  });
  await startReplacement(db, { oldId: 'old', newId: 'new' });
  await setStoreIdentity(db, { id: 'store', incarnation: 'first', ancestors: [] });
  await db
    .insertInto('reminder')
    .values({
      token_id: token.id,
      trigger: '30',
      destination_id: null,
      channel: 'mail',
      event_at: 5000,
      state: 'failed',
      attempts: 1,
      changed_at: 1000,
      delivered_to: '[]',
    } as never)
    .execute();
}

type Reader = (db: Db) => Promise<unknown>;

/** Each column with JSON: the function that reads it, and texts that this program never writes there. */
const columns: readonly [column: JsonColumn, read: Reader, damaged: readonly string[], key?: string][] = [
  ['profile.scopes', (db) => findProfile(db, 'acme'), ['{}', '"secret"', '[1]', '', '["secret']],
  ['profile.tags', (db) => findProfile(db, 'acme'), ['null', '[["secret"]]']],
  ['token.scopes', (db) => tokenById(db, token.id), ['{"secret":1}', 'secret']],
  ['token.warnings', (db) => tokenById(db, token.id), ['[null]']],
  ['destination.steps', (db) => destinationsOf(db, profile.id), ['{}', '"secret"']],
  ['destination.provisioning_status', (db) => destinationsOf(db, profile.id), ['secret', '[]', '1']],
  ['destination.findings', (db) => destinationsOf(db, profile.id), ['{}', 'secret']],
  ['client.addresses', (db) => findClient(db, 'deploy'), ['"secret"', '[1]']],
  ['sign_in.scopes', (db) => signInById(db, 'sign-in'), ['{}']],
  ['reminder.delivered_to', (db) => remindersOf(db, token.id), ['"secret"', '[{}]']],
  [
    'key_encryption_key.parameters',
    (db) => listKeyRecords(db),
    ['{}', '{"salt":"secret","N":-1,"r":8,"p":1}', '[]'],
  ],
  ['meta.value', activeReplacement, ['{"oldId":"secret"}', 'secret'], 'key-replacement'],
  [
    'meta.value',
    storeIdentity,
    ['{"id":"secret","incarnation":"a"}', '[]', '{"id":1,"incarnation":"a","ancestors":[]}'],
    'identity',
  ],
];

const cases = columns.flatMap(([column, read, texts, key]) =>
  texts.map((text) => ({ column, read, text, key })),
);

describe('JSON in the store', () => {
  it('is read as it was written', async () => {
    const { db } = await newStore();
    await fill(db);
    for (const [, read] of columns) await expect(read(db)).resolves.toBeTruthy();
  });

  it.each(cases)('names $column as damaged if it holds $text', async ({ column, read, text, key }) => {
    const { db } = await newStore();
    await fill(db);
    const [table = '', name = ''] = column.split('.');
    const only = key === undefined ? sql`` : sql`where key = ${key}`;
    await sql`update ${sql.table(table)} set ${sql.ref(name)} = ${text} ${only}`.execute(
      db as Kysely<unknown> as Db,
    );

    const error = await brokerErrorOf(() => read(db));

    expect(error.code).toBe('E_STORE_DAMAGED');
    expect(error.message).toContain(`the column ${name} of a row in the table ${table} `);
    expect(error.message).not.toContain('secret');
    expect(error.help).toContain('webex-token restore FILE');
  });

  it('names the keys of an API client as damaged, rather than its assertion as invalid', async () => {
    const check = (jwks: string) => checkAssertion('a.b.c', 'deploy', { jwks, audiences: [], now: 0 });

    expect(await check('{"keys":[]}')).toMatchObject({ ok: false });
    for (const jwks of ['[]', '{"keys":{}}', '{"keys":["secret"]}', 'secret']) {
      const error = await brokerErrorOf(() => check(jwks));
      expect(error).toMatchObject({ code: 'E_STORE_DAMAGED' });
      expect(error.message).toContain('the column jwks of a row in the table client ');
    }
  });

  it('is parsed in one file only', () => {
    const folders = ['src/store', 'src/api', 'src/relay', 'src/web'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, file)),
    );

    const parsing = files.filter((file) =>
      readFileSync(join(packageRoot, file), 'utf8').includes('JSON.parse('),
    );

    expect(parsing).toEqual(['src/store/database/stored-json.ts']);
  });
});

describe('parseListColumn', () => {
  it('returns the strings of a list', () => {
    expect(parseListColumn('[]', 'token.scopes')).toEqual([]);
    expect(parseListColumn('["a","b"]', 'token.scopes')).toEqual(['a', 'b']);
    expect(isStringList('ab')).toBe(false);
  });
});
