import type { Db } from '../db.ts';

/** Increments a counter that survives restarts. */
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

/** The values of a counter, by label. */
export async function readCounters(db: Db, name: string): Promise<{ label: string; value: number }[]> {
  return await db
    .selectFrom('counter')
    .select(['label', 'value'])
    .where('name', '=', name)
    .orderBy('label')
    .execute();
}
