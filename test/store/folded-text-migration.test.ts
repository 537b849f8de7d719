import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { refreshManyDerivedColumns, sortsLast } from '../../src/store/profiles/derived-columns.ts';
import { queryTable } from '../../src/store/profiles/query.ts';
import { newStoreAsOf } from '../../src/store/store.ts';
import { newPlace } from '../support/store/engines.ts';
import { reopened } from '../support/store/test-store.ts';

describe('the migration to folded text', () => {
  it('changes every profile when an existing store is opened', async () => {
    const file = await newPlace({ empty: true });
    const before = await newStoreAsOf(file, '012-display-names');
    const names: Record<string, string | null> = {
      c1: 'Zürich AG',
      c2: 'Zug AG',
      c3: 'İstanbul',
      acme: null,
    };
    for (const [name, displayName] of Object.entries(names)) {
      // Each of these letters is 18 folded ones: more than an index of PostgreSQL can store, if they are not cut.
      const contact = name === 'acme' ? 'ﷺ'.repeat(200) : null;
      const text = [name, displayName, contact].filter(Boolean).join(' ').toLowerCase();
      await sql`insert into profile (id, name, display_name, deployment, scopes, created_at, search_text, title_order,
        account_order, contact, contact_order)
      values (${name}, ${name}, ${displayName}, 'commercial', '[]', 1, ${text}, ${(displayName ?? name).toLowerCase()},
        ${sortsLast}, ${contact}, ${contact ?? sortsLast})`.execute(before);
    }
    await before.destroy();

    const db = await reopened(file);
    const read = async () =>
      await db
        .selectFrom('profile')
        .select(['name', 'search_text', 'title_order', 'account_order', 'contact_order'])
        .orderBy('title_order')
        .execute();
    const migrated = await read();
    expect(migrated.map(({ title_order }) => title_order)).toEqual([
      'acme',
      'istanbul',
      'zug ag',
      'zurich ag',
    ]);
    const table = { order: 'name', descending: false, page: 1, pageSize: 10, now: 0 } as const;
    const found = await queryTable(db, { ...table, search: 'istanbul' });
    expect(found.rows.map(({ profile }) => profile.name)).toEqual(['c3']);
    // The migration repeats the rule of the program: deriving the columns again changes nothing.
    await refreshManyDerivedColumns(db, Object.keys(names));
    expect(await read()).toEqual(migrated);
  });
});
