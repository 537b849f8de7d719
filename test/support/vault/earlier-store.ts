import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { readSettings, type Settings } from '../../../src/config/settings.ts';
import type { Db } from '../../../src/store/db.ts';
import { postgresDialect } from '../../../src/store/postgres/postgres.ts';
import { isPostgresUrl, parsePostgresUrl } from '../../../src/store/postgres/url.ts';
import { sqliteDialect } from '../../../src/store/sqlite/sqlite.ts';
import { storeLocation } from '../../../src/vault/store-location.ts';
import { engine, newPostgresPlace } from '../store/engines.ts';
import { unreleasedMigrations } from '../store/unreleased-migrations/index.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const fixture = join(import.meta.dirname, '../../fixtures/store-008');

/**
 * A store from before the first release, on the engine under test, with every migration up to `upTo`; see the fixture's
 * README.
 */
export async function earlierStore(upTo = '008-looks'): Promise<Settings> {
  const settings = await fixtureStore();
  const db = rawStore(storeLocation(settings)) as unknown as Kysely<never>;
  try {
    for (const [name, { up }] of Object.entries(unreleasedMigrations)) {
      if (name > upTo) break;
      await up(db);
      await sql`insert into kysely_migration (name, timestamp) values (${name}, '2027')`.execute(db);
    }
  } finally {
    await db.destroy();
  }
  return settings;
}

/** A store as it is, without an upgrade. Destroy it. */
export function rawStore(place: string): Db {
  const dialect = isPostgresUrl(place) ? postgresDialect(parsePostgresUrl(place)) : sqliteDialect(place);
  return new Kysely({ dialect });
}

async function fixtureStore(): Promise<Settings> {
  const home = join(temporaryFolder(), 'home');
  mkdirSync(home, { mode: 0o700 });
  privateCopy('key.jwk', home);
  const environment = { WEBEX_TOKEN_HOME: home, WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk') };
  if (engine === 'sqlite') {
    privateCopy('store.db', home);
    return readSettings(environment);
  }
  const place = await newPostgresPlace({ empty: true });
  const client = new pg.Client({ connectionString: place });
  await client.connect();
  try {
    await client.query(readFileSync(join(fixture, 'store.sql'), 'utf8'));
  } finally {
    await client.end();
  }
  return readSettings({ ...environment, WEBEX_TOKEN_DATABASE_URL: place });
}

function privateCopy(name: string, home: string): void {
  writeFileSync(join(home, name), readFileSync(join(fixture, name)), { mode: 0o600 });
}
