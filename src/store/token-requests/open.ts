import type { Db } from '../db.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { isPostgresUrl } from '../postgres/url.ts';
import { PostgresTokenRequestStore } from './postgres.ts';
import { SqliteTokenRequestStore } from './sqlite.ts';
import type { TokenRequestStore } from './token-request-store.ts';

/** Opens the token request store for the store at `place`. `db` is the same store. `now` returns epoch milliseconds. */
export function openTokenRequestStore(place: string, db: Db, now: () => number): TokenRequestStore {
  return isPostgresUrl(place)
    ? new PostgresTokenRequestStore(db, now)
    : new SqliteTokenRequestStore(place, macKeysOf(db));
}
