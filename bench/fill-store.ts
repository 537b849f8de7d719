import { sql } from 'kysely';
import { dayMs } from '../src/domain/lifetimes.ts';
import { engineOf } from '../src/store/database/engine.ts';
import type { Db } from '../src/store/db.ts';

/**
 * So many profiles, "customer-0000000" and on, each with one earlier and one current token; their ends lie evenly
 * over the year after `now`, in no order. One statement a table, the same on both engines: the product's own way would
 * take hours. The tokens cannot be opened.
 */
export async function fillStore(db: Db, count: number, now: number): Promise<void> {
  const step = Math.floor((365 * dayMs) / count);
  for (let from = 0; from < count; from += atOnce) {
    await fillRange(db, { from, to: Math.min(from + atOnce, count), count, step, now });
  }
  // PostgreSQL does this by itself, by and by. SQLite gets no statistics but those that the product makes.
  if (engineOf(db) === 'postgres') await sql`vacuum analyze`.execute(db);
}

/** A statement takes some seconds then. */
const atOnce = 50_000;

async function fillRange(
  db: Db,
  { from, to, count, step, now }: { from: number; to: number; count: number; step: number; now: number },
): Promise<void> {
  const numbers = sql`with recursive numbers(i) as
    (select cast(${sql.lit(from)} as bigint) union all select i + 1 from numbers where i < ${sql.lit(to - 1)})`;
  const padded = sql`substr('0000000' || i, length('0000000' || i) - 6)`;
  const name = sql`'customer-' || ${padded}`;
  const orgId = sql`'00000000-0000-4000-8000-00000' || ${padded}`;
  const mail = sql`'admin' || i || '@customer-' || i || '.example'`;
  const end = sql`${sql.lit(now)} + ((i * 7919) % ${sql.lit(count)}) * ${sql.lit(step)} + ${sql.lit(step)}`;

  await sql`insert into profile (id, name, deployment, org_id, scopes, created_at, due_at, search_text)
    ${numbers}
    select ${name}, ${name}, 'commercial', ${orgId}, '["Identity:SCIM"]', ${sql.lit(now - 365 * dayMs)}, ${end},
      ${name} || ' ' || ${orgId} || ' ' || ${mail} || ' person ' || i
    from numbers`.execute(db);
  for (const [state, shift] of [
    ['previous', 350 * dayMs],
    ['current', 0],
  ] as const) {
    await sql`insert into token (id, profile_id, state, source, ciphertext, captured_at, expires_confirmed, expires_documented,
        expires_at, scopes, account_id, account_name, account_email, account_admin, verified_at, warnings, next_check_at)
      ${numbers}, ends as (select i, ${end} - ${sql.lit(shift)} as ends_at from numbers)
      select ${name} || ${sql.lit(`-${state}`)}, ${name}, ${sql.lit(state)}, 'sign-in', ${sql.lit('x'.repeat(600))},
        ends_at - ${sql.lit(365 * dayMs)}, ends_at, ends_at, ends_at, '["Identity:SCIM"]', ${name},
        'Person ' || i, ${mail}, 'full', ends_at - ${sql.lit(365 * dayMs)}, '[]', ${sql.lit(now + dayMs)}
      from ends`.execute(db);
  }
  for (const channel of ['mail', 'webhook', 'desktop']) {
    await sql`insert into reminder_schedule (token_id, channel, next_at)
      select id, ${sql.lit(channel)}, expires_at from token where state = 'current'
      on conflict do nothing`.execute(db);
  }
}
