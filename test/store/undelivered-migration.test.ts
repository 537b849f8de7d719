import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { dayMs, unknownEnd } from '../../src/domain/lifetimes.ts';
import type { Db } from '../../src/store/db.ts';
import { refreshManyDerivedColumns } from '../../src/store/profiles/derived-columns.ts';
import { queryProfiles } from '../../src/store/profiles/query.ts';
import { newStoreAsOf } from '../../src/store/store.ts';
import { newPlace } from '../support/store/engines.ts';
import { reopened } from '../support/store/test-store.ts';

const now = Date.UTC(2027, 2, 1);
const current = now + 365 * dayMs;

/** A profile with a current and a previous token, and a destination that holds one of them, as earlier versions wrote them. */
async function addRenewed(
  db: Db,
  name: string,
  {
    held,
    endsAt = now + 25 * dayMs,
    rejectedAt = null,
    currentRejectedAt = null,
    via = null,
  }: {
    held: string | null;
    endsAt?: number;
    rejectedAt?: number | null;
    currentRejectedAt?: number | null;
    via?: string | null;
  },
): Promise<void> {
  const dueAt = current - (currentRejectedAt === null ? 0 : 1_000_000_000_000_000);
  await sql`insert into profile (id, name, deployment, scopes, created_at, due_at)
    values (${name}, ${name}, 'commercial', '[]', 1, ${dueAt})`.execute(db);
  for (const [id, state, expiresAt, rejected] of [
    [`${name}-new`, 'current', current, currentRejectedAt],
    [`${name}-old`, 'previous', endsAt, rejectedAt],
  ] as const) {
    await sql`insert into token
      (id, profile_id, state, source, ciphertext, captured_at, expires_at, scopes, warnings, rejected_at)
      values (${id}, ${name}, ${state}, 'sign-in', 'x', 1, ${expiresAt}, '[]', '[]', ${rejected})`.execute(
      db,
    );
  }
  await sql`insert into reminder_schedule (token_id, channel, next_at)
    values (${`${name}-new`}, 'mail', ${current})`.execute(db);
  await sql`insert into destination (id, profile_id, provider, app_id, app_name, method, token_id, steps, via)
    values (${name}, ${name}, 'entra', 'app', 'Webex', 'push', ${held}, '[]', ${via})`.execute(db);
}

describe('the migration of undelivered tokens', () => {
  it('computes the delivery of every profile when an existing store is opened', async () => {
    const file = await newPlace({ empty: true });
    const before = await newStoreAsOf(file, '002-relay-and-workload-identity');
    await addRenewed(before, 'behind', { held: 'behind-old' });
    await addRenewed(before, 'refused', { held: 'refused-old', rejectedAt: now - dayMs });
    await addRenewed(before, 'longer', { held: 'longer-old', endsAt: current + dayMs });
    await addRenewed(before, 'unknown', { held: 'unknown-old', endsAt: unknownEnd });
    await addRenewed(before, 'pruned', { held: 'deleted-long-ago' });
    await addRenewed(before, 'delivered', { held: 'delivered-new' });
    await addRenewed(before, 'never', { held: null });
    await addRenewed(before, 'relayed', { held: 'relayed-old', via: 'relay' });
    await addRenewed(before, 'broken', { held: 'broken-old', currentRejectedAt: now });
    await before.destroy();

    const db = await reopened(file);
    const read = async () =>
      await db
        .selectFrom('profile')
        .select(['name', 'due_at', 'undelivered_until', 'token_expires_at'])
        .orderBy('name')
        .execute();
    const migrated = await read();
    const until = Object.fromEntries(migrated.map((row) => [row.name, row.undelivered_until]));
    expect(until).toEqual({
      behind: now + 25 * dayMs,
      refused: now - dayMs,
      longer: current,
      unknown: current,
      pruned: current,
      delivered: null,
      never: null,
      relayed: null,
      broken: null,
    });
    const { totals } = await queryProfiles(db, { sort: 'urgency', limit: 1, now });
    expect(totals).toMatchObject({ undelivered: 5, rejected: 1, valid: 3, all: 9 });
    const planned = await db
      .selectFrom('reminder_schedule')
      .select('token_id')
      .where('next_at', '=', 0)
      .orderBy('token_id')
      .execute();
    expect(planned.map(({ token_id }) => token_id.replace('-new', ''))).toEqual([
      'behind',
      'longer',
      'pruned',
      'refused',
      'unknown',
    ]);
    // The migration repeats the rule of the program: deriving the columns again changes nothing.
    await refreshManyDerivedColumns(db, Object.keys(until));
    expect(await read()).toEqual(migrated);
  });
});
