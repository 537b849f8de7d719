import type { Db } from '../db.ts';

/**
 * Moves a row's `next_check_at` from `dueAt` to `until`, which either schedules its next check or leases this one: others
 * leave the row alone until then. False if another process was faster. Epoch milliseconds.
 */
export async function leaseNextCheck(
  db: Db,
  table: 'token' | 'destination',
  { id, dueAt, until }: { id: string; dueAt: number; until: number },
): Promise<boolean> {
  const row = await db
    .updateTable(table)
    .set({ next_check_at: until })
    .where('id', '=', id)
    .where('next_check_at', '=', dueAt)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
