import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { defaultHome, environmentWithDotEnv } from '../../environment.ts';
import type { NameKind } from './specification.ts';

/**
 * The names that a shell offers, read without opening the store properly: somebody waits with a finger on the tab key.
 * Where the store is not SQLite, or cannot be read, there are none, and nothing is said about it.
 */
export function storedNames(kind: NameKind): string[] {
  try {
    const environment = environmentWithDotEnv(process.env);
    const file = join(environment.WEBEX_TOKEN_HOME || defaultHome(), 'store.db');
    if (environment.WEBEX_TOKEN_DATABASE_URL || !existsSync(file)) return [];
    const database = new DatabaseSync(file, { readOnly: true, timeout: 500 });
    const table = kind === 'profiles' ? 'profile' : 'client';
    const rows = database.prepare(`select name from ${table} order by name limit 2000`).all();
    database.close();
    return rows.map(({ name }) => String(name));
  } catch {
    return [];
  }
}
