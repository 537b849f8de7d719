import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { inject, onTestFinished, test } from 'vitest';
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
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asOwner(`create database ${name} template ${empty ? emptyDatabase : preparedDatabase}`);
  onTestFinished(async () => void (await asOwner(`drop database ${name} with (force)`)));
  return inject('postgresUrl') + name;
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
