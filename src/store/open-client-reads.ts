import type { TokenRequestStore } from './client-reads.ts';
import { macKeysOf } from './integrity/mac-keys.ts';
import { PostgresClientReads } from './postgres-client-reads.ts';
import { isPostgresUrl } from './postgres-url.ts';
import { SqliteTokenRequestStore } from './sqlite-client-reads.ts';
import type { Db } from './store.ts';

/** How the token endpoint reads the store at `place`, which is open as `db`. */
export function openClientReads(place: string, db: Db): TokenRequestStore {
  return isPostgresUrl(place)
    ? new PostgresClientReads(db)
    : new SqliteTokenRequestStore(place, macKeysOf(db));
}
