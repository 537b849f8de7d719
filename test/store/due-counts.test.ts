import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import type { Db } from '../../src/store/db.ts';
import { farFuture, rejectedSortOffset } from '../../src/store/profiles/derived-columns.ts';
import { countDueBy } from '../../src/store/profiles/due-counts.ts';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

const now = Date.UTC(2027, 2, 1, 12);

/** Due instants of valid, rejected and missing tokens, mostly close to midnight. */
const instant = fc.oneof(
  fc.constant(farFuture),
  fc.integer({ min: now - 3 * dayMs, max: now + 3 * dayMs }),
  fc.integer({ min: -2, max: 2 }).map((day) => Math.floor(now / dayMs) * dayMs + day * dayMs),
  fc.integer({ min: -3, max: 3 }).map((days) => now + days * dayMs - rejectedSortOffset),
  fc.integer({ min: -2 * dayMs, max: 2 * dayMs }),
);

async function counted(db: Db, asked: number[]) {
  const { all, ...counts } = await countDueBy(
    db,
    Object.fromEntries(asked.map((at, name) => [`c${name}`, at])),
  );
  return { all, counts: Object.values(counts) };
}

describe('the due counts per day', () => {
  it('stay correct after inserts, changes and deletions', async () => {
    const { db } = await newStore();
    await fc.assert(
      fc.asyncProperty(
        fc.array(instant, { minLength: 1, maxLength: 12 }),
        fc.array(instant, { minLength: 1, maxLength: 6 }),
        async (held, asked) => {
          const profiles = held.map(() => fakeProfile());
          await insertProfiles(db, profiles);
          for (const [at, { id }] of profiles.entries()) {
            await db
              .updateTable('profile')
              .set({ due_at: held[at] ?? farFuture })
              .where('id', '=', id)
              .execute();
          }
          const right = asked.map((at) => held.filter((each) => each <= at).length);
          expect(await counted(db, asked)).toEqual({ all: held.length, counts: right });
          // Many in one statement, as well as one by one.
          await db.updateTable('profile').set({ due_at: now }).execute();
          expect(await counted(db, [now - 1, now])).toEqual({ all: held.length, counts: [0, held.length] });
          await db.deleteFrom('profile').execute();
          expect(await counted(db, [farFuture])).toEqual({ all: 0, counts: [0] });
        },
      ),
      { numRuns: 25 },
    );
  });
});
