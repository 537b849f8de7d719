import type { Db } from '../db.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { isPostgresUrl } from '../postgres/url.ts';
import { PostgresTokenRequestStore } from './postgres.ts';
import { SqliteTokenRequestStore } from './sqlite.ts';
import type { TokenRequestStore } from './token-request-store.ts';

/** Opens what the token endpoint reads the store at `place` with; `db` is the same store. */
export function openTokenRequestStore(place: string, db: Db): TokenRequestStore {
  return isPostgresUrl(place)
    ? new PostgresTokenRequestStore(db)
    : new SqliteTokenRequestStore(place, macKeysOf(db));
}
