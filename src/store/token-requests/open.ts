import type { Db } from '../db.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { isPostgresUrl } from '../postgres/url.ts';
import { PostgresClientReads } from './postgres.ts';
import { SqliteTokenRequestStore } from './sqlite.ts';
import type { TokenRequestStore } from './token-request-store.ts';

/** How the token endpoint reads the store at `place`, which is open as `db`. */
export function openClientReads(place: string, db: Db): TokenRequestStore {
  return isPostgresUrl(place)
    ? new PostgresClientReads(db)
    : new SqliteTokenRequestStore(place, macKeysOf(db));
}
