import { sql } from 'kysely';
import { dayMs } from '../../domain/lifetimes.ts';
import { leaseNextCheck } from '../database/lease.ts';
import type { Db } from '../db.ts';
import { currentTokenIds, stateOf } from './tokens.ts';

/** A current token whose check is due, and the data that decides whether it needs one. Instants are epoch milliseconds. */
export interface DueCheck {
  tokenId: string;
  checkAt: number;
  /** How many checks in a row failed. */
  failures: number;
  expiresAt: number;
  confirmed: number | null;
  reported: number | null;
  documented: number | null;
  verifiedAt: number | null;
  rejectedAt: number | null;
}

/** The current tokens whose checks are most overdue. */
export async function dueChecks(db: Db, now: number, limit: number): Promise<DueCheck[]> {
  return await db
    .selectFrom('token')
    .select([
      'id as tokenId',
      'next_check_at as checkAt',
      'check_failures as failures',
      'expires_at as expiresAt',
      'expires_confirmed as confirmed',
      'expires_reported as reported',
      'expires_documented as documented',
      'verified_at as verifiedAt',
      'rejected_at as rejectedAt',
    ])
    .where('state', '=', stateOf.current)
    .where('next_check_at', '<=', now)
    .orderBy('next_check_at')
    .limit(limit)
    .execute();
}

/** Schedules the next checks of some hundreds of tokens in one statement; skips those that another process scheduled. */
export async function planChecks(db: Db, plans: readonly { due: DueCheck; at: number }[]): Promise<void> {
  if (plans.length === 0) return;
  const values = plans.map(({ due, at }) => sql`(${due.tokenId}, ${at}, ${due.checkAt})`);
  await sql`
    update token set next_check_at = cast(plans.column2 as bigint) from (values ${sql.join(values)}) as plans
    where token.id = plans.column1 and token.next_check_at = cast(plans.column3 as bigint)`.execute(db);
}

/** Schedules the next check, or leases this one until then. False if another process was faster. */
export async function leaseCheck(
  db: Db,
  { tokenId, checkAt }: Pick<DueCheck, 'tokenId' | 'checkAt'>,
  until: number,
): Promise<boolean> {
  return await leaseNextCheck(db, 'token', { id: tokenId, dueAt: checkAt, until });
}

export async function recordCheck(
  db: Db,
  tokenId: string,
  check: { now: number; nextAt: number; failures: number; outcome: string },
): Promise<void> {
  await db
    .updateTable('token')
    .set({
      next_check_at: check.nextAt,
      check_failures: check.failures,
      checked_at: check.now,
      check_outcome: check.outcome,
    })
    .where('id', '=', tokenId)
    .execute();
}

/** When a token was last checked automatically, the outcome, and when the next check is due. */
export async function lastCheck(
  db: Db,
  tokenId: string,
): Promise<{ checkedAt: number | null; outcome: string | null; nextAt: number } | null> {
  const row = await db
    .selectFrom('token')
    .select(['checked_at', 'check_outcome', 'next_check_at'])
    .where('id', '=', tokenId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : { checkedAt: row.checked_at, outcome: row.check_outcome, nextAt: row.next_check_at };
}

/** Reschedules every check that is more than two days away: it was scheduled while the clock was wrong. */
export async function rescheduleChecks(db: Db, now: number): Promise<void> {
  for await (const ids of currentTokenIds(db)) {
    await db
      .updateTable('token')
      .set({ next_check_at: 0 })
      .where('id', 'in', ids)
      .where('next_check_at', '>', now + 2 * dayMs)
      .execute();
  }
}
