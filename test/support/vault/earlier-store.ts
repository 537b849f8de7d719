import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readSettings, type Settings } from '../../../src/config/settings.ts';
import { engine, newPostgresPlace } from '../store/engines.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const fixture = join(import.meta.dirname, '../../fixtures/store-008');

/** A store that an earlier version wrote, on the engine under test; see the fixture's README. */
export async function earlierStore(): Promise<Settings> {
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
