import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isClientName } from '../../domain/client.ts';
import { isProfileName } from '../../domain/profile.ts';
import { defaultHome } from '../../environment/environment.ts';
import { parsePostgresUrl } from '../../store/postgres/url.ts';
import type { NameKind } from './specification.ts';

/** Nobody chooses among more. */
const atMost = 2_000;
/** How long the tab key may take. Milliseconds. */
const patienceMs = 1_000;

/**
 * The names that a shell offers, read without opening the store properly: somebody waits with a finger on the tab key.
 * Where the store cannot be read in time, there are none, and nothing is said about it. What somebody wrote into the
 * database without this program may be no valid name but a command: a shell never gets to see it.
 */
export async function storedNames(kind: NameKind, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const select = `select name from ${kind === 'profiles' ? 'profile' : 'client'} order by name limit ${atMost}`;
  const { WEBEX_TOKEN_DATABASE_URL: url } = environment;
  try {
    const names = url ? await fromPostgres(url, select) : fromSqlite(environment, select);
    return names.filter(kind === 'profiles' ? isProfileName : isClientName);
  } catch {
    return [];
  }
}

function fromSqlite(environment: NodeJS.ProcessEnv, select: string): string[] {
  const file = join(environment.WEBEX_TOKEN_HOME || defaultHome(), 'store.db');
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true, timeout: patienceMs });
  try {
    return database
      .prepare(select)
      .all()
      .map(({ name }) => String(name));
  } finally {
    database.close();
  }
}

async function fromPostgres(url: string, select: string): Promise<string[]> {
  const [{ CompiledQuery, Kysely }, { postgresDialect }] = await Promise.all([
    import('kysely'),
    import('../../store/postgres/postgres.ts'),
  ]);
  const address = { ...parsePostgresUrl(url), connectTimeoutMs: patienceMs };
  const db = new Kysely({ dialect: postgresDialect(address) });
  try {
    const { rows } = await db.executeQuery<{ name: string }>(CompiledQuery.raw(select));
    return rows.map(({ name }) => name);
  } finally {
    await db.destroy();
  }
}
