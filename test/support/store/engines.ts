import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject, test } from 'vitest';
import type { Settings } from '../../../src/config/settings.ts';
import { genesisHash } from '../../../src/store/audit/chain.ts';
import { tables } from '../../../src/store/database/tables.ts';
import { openStore } from '../../../src/store/store.ts';
import { databaseFile } from '../../../src/vault/store-location.ts';
import { atEnd } from '../for-file.ts';
import { stepHangsMs } from '../hang-limits.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { emptyDatabase, preparedDatabase } from './databases.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The database engine of the stores in this project's tests. */
    engine: 'sqlite' | 'postgres';
    /** The server's address, to which the name of a database is appended. */
    postgresUrl: string;
  }
}

export const engine = inject('engine');

/** For features of only one engine: files, pragmas, connections that break. */
export const onSqlite = test.runIf(engine === 'sqlite');
export const onPostgres = test.runIf(engine === 'postgres');

/** The location for a new store on the engine under test, removed when the test ends. `empty`: without tables. */
export async function newPlace({ empty = false } = {}): Promise<string> {
  return engine === 'sqlite' ? await newSqlitePlace({ empty }) : await newPostgresPlace({ empty });
}

export async function newSqlitePlace({ empty = false } = {}): Promise<string> {
  const file = join(temporaryFolder(), 'store.db');
  if (!empty) await prepareSqliteFile(file);
  return file;
}

/** Creates the file of a store with the newest tables and nothing in them, many times faster than the migrations do. */
export async function prepareSqliteFile(file: string): Promise<void> {
  preparedFile ??= migratedFile();
  writeFileSync(file, await preparedFile, { mode: 0o600 });
}

/** The same in a data folder that does not exist yet; leaves others, and stores on PostgreSQL, as they are. */
export async function prepareHome({
  home,
  databaseUrl,
}: Pick<Settings, 'home' | 'databaseUrl'>): Promise<void> {
  if (databaseUrl !== null || existsSync(home)) return;
  mkdirSync(home, { mode: 0o700 });
  await prepareSqliteFile(databaseFile(home));
}

let preparedFile: Promise<Buffer> | undefined;

/** Ends all connections to a database, as a failover does. Resolves when they are gone. */
export async function endConnections(place: string): Promise<void> {
  await asOwner(endConnectionsSql(new URL(place).pathname.slice(1)));
}

/** Ends all connections to the database `name` except the one that runs the statement. */
function endConnectionsSql(name: string): string {
  return `select pg_terminate_backend(pid, ${stepHangsMs}) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`;
}

async function migratedFile(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
  try {
    const file = join(folder, 'store.db');
    await (await openStore(file)).destroy();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A database and a connection to it that stays open, since opening one takes longer than most tests use it. */
interface TestDatabase {
  name: string;
  owner: pg.Client;
}

export async function newPostgresPlace({ empty = false } = {}): Promise<string> {
  if (empty) {
    const name = await newDatabase(emptyDatabase);
    atEnd(() => drop(name));
    return inject('postgresUrl') + name;
  }
  const database = free.pop() ?? (await newPreparedDatabase());
  const { name, owner } = database;
  owners.set(inject('postgresUrl') + name, owner);
  atEnd(() => putBack(database));
  return inject('postgresUrl') + name;
}

/** Emptied databases of earlier tests: emptying one takes a tenth of the time that creating one takes. */
const free: TestDatabase[] = [];

/** By the location of the databases in use. */
const owners = new Map<string, pg.Client>();

async function newPreparedDatabase(): Promise<TestDatabase> {
  const name = await newDatabase(preparedDatabase);
  const owner = new pg.Client({ connectionString: inject('postgresUrl') + name });
  // A test may break the connection.
  owner.on('error', () => {});
  await owner.connect();
  return { name, owner };
}

async function newDatabase(template: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asOwner(`create database ${name} template ${template}`);
  return name;
}

async function drop(name: string): Promise<void> {
  try {
    await asOwner(`drop database ${name} with (force)`);
  } catch (error) {
    // In use: the statement waits only five seconds for the connections that it has ended.
    if ((error as { code?: unknown }).code !== '55006') throw error;
    await drop(name);
  }
}

/** Connections that a process of the test still has open do not affect the next test. */
async function putBack(database: TestDatabase): Promise<void> {
  const { name, owner } = database;
  owners.delete(inject('postgresUrl') + name);
  try {
    await owner.query(
      [
        endConnectionsSql(name),
        ...tables.toReversed().map((table) => `delete from ${table}`),
        `insert into audit_head (id, seq, hash) values (1, 0, '${genesisHash}')`,
      ].join('; '),
    );
    free.push(database);
  } catch {
    // The test damaged it.
    await owner.end().catch(() => {});
    await drop(name);
  }
}

/** Runs statements in a database that `newPostgresPlace` returned. */
export async function inDatabase(place: string, statements: string): Promise<Record<string, unknown>[]> {
  const owner = owners.get(place);
  if (owner === undefined) throw new Error(`no test uses ${place}`);
  return (await owner.query(statements)).rows;
}

/** Runs one statement as the owner of the server. */
export async function asOwner(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: `${inject('postgresUrl')}postgres` });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
