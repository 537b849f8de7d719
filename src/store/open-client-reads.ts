import type { ClientReads } from './client-reads.ts';
import { macKeysOf } from './integrity/mac-keys.ts';
import { PostgresClientReads } from './postgres-client-reads.ts';
import { isPostgresUrl } from './postgres-url.ts';
import { SqliteClientReads } from './sqlite-client-reads.ts';
import type { Db } from './store.ts';

/** How the token endpoint reads the store at `place`, which is open as `db`. */
export function openClientReads(place: string, db: Db): ClientReads {
  return isPostgresUrl(place) ? new PostgresClientReads(db) : new SqliteClientReads(place, macKeysOf(db));
}
