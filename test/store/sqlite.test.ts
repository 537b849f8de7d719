import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, vi } from 'vitest';
import { onSqlite } from '../support/store/engines.ts';
import { fromOutside, newStore } from '../support/store/test-store.ts';

describe('a statement of the SQLite dialect', () => {
  onSqlite('is prepared once for all queries with the same text', async () => {
    const { db } = await newStore();
    const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
    for (const id of ['a', 'b', 'c'])
      await db.selectFrom('profile').selectAll().where('id', '=', id).execute();
    expect(prepare).toHaveBeenCalledTimes(1);
  });

  onSqlite('is forgotten once many others were prepared', async () => {
    const { db } = await newStore();
    const first = () => sql`select 0 as number`.execute(db);
    await first();
    for (let number = 1; number <= 200; number += 1)
      await sql`select ${sql.lit(number)} as number`.execute(db);
    const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
    expect((await first()).rows).toEqual([{ number: 0 }]);
    expect(prepare).toHaveBeenCalledTimes(1);
  });

  onSqlite('returns the columns that another process added', async () => {
    const { db, file } = await newStore();
    const rows = () => sql`select * from audit_head`.execute(db).then((result) => result.rows);
    const [before] = await rows();
    fromOutside(file).exec('alter table audit_head add column later integer default 7');
    expect(await rows()).toEqual([{ ...(before as object), later: 7 }]);
  });

  onSqlite('can run again after only a part of its rows was read', async () => {
    const { db } = await newStore();
    const query = db.selectFrom('kysely_migration' as never).selectAll();
    const all = await query.execute();
    expect(all.length).toBeGreaterThan(1);
    for await (const row of query.stream()) {
      expect(row).toEqual(all[0]);
      break;
    }
    expect(await query.execute()).toEqual(all);
  });
});
