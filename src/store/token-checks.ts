import type { Db } from './store.ts';

/** A current token whose check is due. Instants are epoch milliseconds. */
export interface DueCheck {
  tokenId: string;
  checkAt: number;
  /** How many checks in a row brought no answer. */
  failures: number;
}

/** The current token whose check is longest due; null where none is. By index. */
export async function nextDueCheck(db: Db, now: number): Promise<DueCheck | null> {
  const row = await db
    .selectFrom('token')
    .select(['id', 'check_at', 'check_failures'])
    .where('state', '=', 'current')
    .where('check_at', '<=', now)
    .orderBy('check_at')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { tokenId: row.id, checkAt: row.check_at, failures: row.check_failures };
}

/** Plans the next check, or takes this one upon oneself until then. False where somebody else was faster. */
export async function planCheck(db: Db, { tokenId, checkAt }: DueCheck, at: number): Promise<boolean> {
  const row = await db
    .updateTable('token')
    .set({ check_at: at })
    .where('id', '=', tokenId)
    .where('check_at', '=', checkAt)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function recordCheck(
  db: Db,
  tokenId: string,
  check: { now: number; nextAt: number; failures: number; outcome: string },
): Promise<void> {
  await db
    .updateTable('token')
    .set({
      check_at: check.nextAt,
      check_failures: check.failures,
      checked_at: check.now,
      check_outcome: check.outcome,
    })
    .where('id', '=', tokenId)
    .execute();
}

/** When a token was last checked by itself, with what outcome, and when it will be again. */
export async function lastCheck(
  db: Db,
  tokenId: string,
): Promise<{ checkedAt: number | null; outcome: string | null; nextAt: number } | null> {
  const row = await db
    .selectFrom('token')
    .select(['checked_at', 'check_outcome', 'check_at'])
    .where('id', '=', tokenId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : { checkedAt: row.checked_at, outcome: row.check_outcome, nextAt: row.check_at };
}

/** Plans every check that is more than two days off anew: a clock that was wrong has put it there. */
export async function checkAllAnew(db: Db, now: number): Promise<void> {
  await db
    .updateTable('token')
    .set({ check_at: 0 })
    .where('state', '=', 'current')
    .where('check_at', '>', now + 2 * 86_400_000)
    .execute();
}
