import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isClientName } from '../../domain/client.ts';
import { isProfileName } from '../../domain/profile.ts';
import { defaultHome } from '../../environment/environment.ts';
import { parsePostgresUrl } from '../../store/postgres/url.ts';
import type { NameKind } from './specification.ts';

/** More than anyone can choose from. */
const maxNames = 2_000;
/** How long completion may wait for the store. Milliseconds. */
const timeoutMs = 1_000;

/**
 * The names that shell completion offers. They are read without opening the whole store, because completion has to be fast.
 * If the store cannot be read in time, the result is empty and there is no error. A name that another program wrote to the
 * database could contain a shell command, so only valid names are returned.
 */
export async function storedNames(kind: NameKind, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const select = `select name from ${kind === 'profiles' ? 'profile' : 'client'} order by name limit ${maxNames}`;
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
  const database = new DatabaseSync(file, { readOnly: true, timeout: timeoutMs });
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
  const address = { ...parsePostgresUrl(url), connectTimeoutMs: timeoutMs };
  const db = new Kysely({ dialect: postgresDialect(address) });
  try {
    const { rows } = await db.executeQuery<{ name: string }>(CompiledQuery.raw(select));
    return rows.map(({ name }) => name);
  } finally {
    await db.destroy();
  }
}
