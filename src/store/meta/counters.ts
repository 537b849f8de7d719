import type { Db } from '../db.ts';

/** Counts one more of something, so that the count outlives a restart. */
export async function incrementCounter(db: Db, name: string, label: string): Promise<void> {
  await db
    .insertInto('counter')
    .values({ name, label, value: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['name', 'label'])
        .doUpdateSet((expression) => ({ value: expression('counter.value', '+', 1) })),
    )
    .execute();
}

/** What was counted under a name, by label. */
export async function readCounters(db: Db, name: string): Promise<{ label: string; value: number }[]> {
  return await db
    .selectFrom('counter')
    .select(['label', 'value'])
    .where('name', '=', name)
    .orderBy('label')
    .execute();
}
