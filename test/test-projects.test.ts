import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testFilesByProject, testFilesOnPostgres } from './support/setup/test-projects.ts';

const root = join(import.meta.dirname, '..');
const all = globSync('test/**/*.test.ts', { cwd: root }).sort();
const onPostgres = testFilesOnPostgres(root);

/** The functions that open a store, or a server or a machine with one. Kept apart from the rule under test. */
const opensStore =
  /\b(newStore|reopened|openStore|newPlace|newVault|openVault|testSettings|hosts|served\w*|relayServer|startTarget|machine\w*|acme)\(/;

const elsewhere =
  'sends requests, or runs commands; what they do to the store has tests in `store` and `vault`';

/** The tests that open a store and run on SQLite only, and why: whole folders, and files of the folders that run on both. */
const onSqliteOnly: Record<string, string> = {
  attacks: 'attacks a server or a process, but not the store (the audit chains do)',
  browser: elsewhere,
  cli: elsewhere,
  crash: 'writes of SQLite to its files; PostgreSQL has its own log',
  deploy: elsewhere,
  docs: elsewhere,
  files: 'files in the data folder',
  instance: 'files in the data folder',
  interoperability: elsewhere,
  openapi: elsewhere,
  package: elsewhere,
  provisioning: 'requests to Entra ID and Okta',
  server: elsewhere,
  web: 'pages; what they show comes from `vault`',
  'api/issuer-keys.test.ts': 'the cache of the keys of an issuer, in memory',
  'api/real-clients.test.ts': 'what clients of other languages send',
  'relay/conformance.test.ts': 'what passes through the relay',
  'relay/exchange.test.ts': 'what passes through the relay',
  'store/open.test.ts': 'SQLite files: their modes, locks and write-ahead logs',
};

const nameOf = (file: string) => file.slice('test/'.length);
const entryOf = (file: string) =>
  [nameOf(file), nameOf(file).split('/')[0] ?? ''].find((name) => name in onSqliteOnly);

const leftOut = all.filter(
  (file) => !onPostgres.includes(file) && opensStore.test(readFileSync(join(root, file), 'utf8')),
);

describe('the tests on PostgreSQL', () => {
  it('are all that open a store, except those with a reason here', () => {
    expect(leftOut.filter((file) => entryOf(file) === undefined)).toEqual([]);
    // Its folder has a reason, but not for this one.
    expect(onPostgres).toContain('test/attacks/audit-chains.test.ts');
  });

  it('have no exception that no longer applies', () => {
    const entries = all.filter((file) => !onPostgres.includes(file)).map(entryOf);
    expect(Object.keys(onSqliteOnly).filter((entry) => !entries.includes(entry))).toEqual([]);
  });
});

describe('the other projects', () => {
  it('have each test file once, except those for PostgreSQL only', () => {
    const files = Object.values(testFilesByProject(root)).flat();
    expect(files.sort()).toEqual(all.filter((file) => !file.startsWith('test/postgres/')));
  });

  it('replace no module, because the test files of a worker share its modules', () => {
    const replacing = all.filter((file) =>
      /vi[.](?:do)?mock[(]/i.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(replacing).toEqual([]);
  });
});
