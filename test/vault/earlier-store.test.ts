import { describe, expect, it, onTestFinished } from 'vitest';
import { verifyAudit } from '../../src/store/audit/audit.ts';
import type { Db } from '../../src/store/db.ts';
import { destinationsOf } from '../../src/store/destinations.ts';
import { checkEveryRow } from '../../src/store/integrity/all-rows.ts';
import { rowMacHead } from '../../src/store/integrity/mac-queries.ts';
import { storeIdentity } from '../../src/store/meta/incarnation.ts';
import { newestMigration } from '../../src/store/migrations/newest.ts';
import { tokensOf } from '../../src/store/profiles/tokens.ts';
import { remindersOf } from '../../src/store/reminders/reminders.ts';
import { openStore } from '../../src/store/store.ts';
import { listClients } from '../../src/vault/clients/clients.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { schemaOf } from '../support/store/schema-of.ts';
import { newStore, reopened } from '../support/store/test-store.ts';
import { unreleasedMigrations } from '../support/store/unreleased-migrations/index.ts';
import { earlierStore, rawStore } from '../support/vault/earlier-store.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const versions = ['008-looks', ...Object.keys(unreleasedMigrations)];

describe('an earlier store', () => {
  it.each(versions)('opens with everything in it, from schema %s', async (version) => {
    const vault = await newVault(undefined, { settings: await earlierStore(version) });
    const { db } = vault;
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(usualToken({ filler: 'B' }));
    expect((await readToken(vault, 'agency', actor)).profile.deployment).toBe('government');
    const acme = await requireProfile(vault, 'acme');
    const tokens = await tokensOf(db, acme.id);
    expect(tokens.map(({ state }) => state)).toEqual(['needs-review', 'current', 'previous']);
    const clients = (await listClients(vault)).map(({ name, profiles }) => [name, profiles]);
    expect(clients).toEqual([
      ['entra', ['acme']],
      ['okta', ['acme', 'agency']],
    ]);
    expect(await destinationsOf(db, acme.id)).toMatchObject([
      { provider: 'entra', cloud: 'global', method: 'push' },
    ]);
    expect(await remindersOf(db, tokens[1]?.id ?? '')).toHaveLength(1);
    expect(await verifyAudit(db)).toMatchObject({ broken: null });
    expect(await storeIdentity(db)).toMatchObject({ ancestors: [] });
    const due = await db.selectFrom('profile_due_per_day').select('profiles').execute();
    expect(due.reduce((sum, { profiles }) => sum + profiles, 0)).toBe(2);
    const scheduled = await db.selectFrom('reminder_schedule').select('channel').distinct().execute();
    expect(scheduled.map(({ channel }) => channel).sort()).toEqual(['desktop', 'mail', 'webhook']);
    expect(await rowMacHead(db)).not.toBeNull();
    expect(await checkEveryRow(db, 1000)).toEqual([]);
  });

  it.each(versions)('gets the schema of a new store, from %s', async (version) => {
    const db = await reopened(storeLocation(await earlierStore(version)));
    const { db: fresh } = await newStore();
    expect(await schemaOf(db)).toEqual(await schemaOf(fresh));
    const migrationsOf = (store: Db) =>
      store
        .selectFrom('kysely_migration' as never)
        .select('name' as never)
        .orderBy('name' as never)
        .execute();
    const migrations = await migrationsOf(db);
    expect(migrations).toEqual(await migrationsOf(fresh));
    expect(migrations.at(-1)).toEqual({ name: newestMigration });
  });

  it('is converted once if several processes open it at the same moment', async () => {
    const place = storeLocation(await earlierStore());
    const opened = await Promise.all([1, 2, 3].map(() => openStore(place)));
    for (const db of opened) {
      expect(await db.selectFrom('profile').select('name').orderBy('name').execute()).toHaveLength(2);
      await db.destroy();
    }
  });

  it('is refused and not changed if it is too old', async () => {
    const place = storeLocation(await earlierStore());
    const raw = rawStore(place);
    onTestFinished(() => raw.destroy());
    await raw
      .deleteFrom('kysely_migration' as never)
      .where('name' as never, '=', '008-looks' as never)
      .execute();
    const before = await schemaOf(raw);
    expect(await brokerErrorOf(() => openStore(place))).toMatchObject({
      code: 'E_STORE',
      message: 'The store was written by a version that is too old to upgrade from.',
    });
    expect(await schemaOf(raw)).toEqual(before);
  });
});
