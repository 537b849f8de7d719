import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { inject, onTestFinished, test } from 'vitest';
import { genesisHash } from '../../../src/store/audit/chain.ts';
import { tables } from '../../../src/store/tables.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { emptyDatabase, preparedDatabase } from './databases.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database the tests of this project keep their stores in. */
    engine: 'sqlite' | 'postgres';
    /** The server's address, for the name of a database to follow. */
    postgresUrl: string;
  }
}

export const engine = inject('engine');

/** What only the one engine has: files, pragmas, connections that break. */
export const onSqlite = test.runIf(engine === 'sqlite');
export const onPostgres = test.runIf(engine === 'postgres');

/** Where a new store of the engine under test may be, gone when the test ends. `empty`: it has no tables yet. */
export async function newPlace({ empty = false } = {}): Promise<string> {
  return engine === 'sqlite' ? newSqlitePlace() : await newPostgresPlace({ empty });
}

export function newSqlitePlace(): string {
  return join(temporaryFolder(), 'store.db');
}

export async function newPostgresPlace({ empty = false } = {}): Promise<string> {
  const name =
    (empty ? undefined : free.pop()) ?? (await newDatabase(empty ? emptyDatabase : preparedDatabase));
  onTestFinished(() => (empty ? drop(name) : putBack(name)));
  return inject('postgresUrl') + name;
}

/** Databases that a test before has used: emptied, which takes a tenth of the time that making a new one takes. */
const free: string[] = [];

async function newDatabase(template: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asOwner(`create database ${name} template ${template}`);
  return name;
}

async function drop(name: string): Promise<void> {
  await asOwner(`drop database ${name} with (force)`);
}

/** Whatever a process of the test still has open, it does not reach the next test. */
async function putBack(name: string): Promise<void> {
  try {
    await asOwner(
      [
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}' and pid <> pg_backend_pid()`,
        ...tables.toReversed().map((table) => `delete from ${table}`),
        `insert into audit_head (id, seq, hash) values (1, 0, '${genesisHash}')`,
      ].join('; '),
      name,
    );
    free.push(name);
  } catch {
    // The test took it apart.
    await drop(name);
  }
}

/** Runs one statement as the one who owns the server. */
export async function asOwner(statement: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') + database });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
