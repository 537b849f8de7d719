import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { findProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { onSqlite } from '../support/store/engines.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

describe('a lock on the SQLite file that another process holds', () => {
  onSqlite('is waited for without blocking the event loop', async () => {
    const { db, file } = await newStore();
    const other = openSqliteFile(file);
    other.exec('begin immediate');
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    const inTransaction = db
      .transaction()
      .execute((trx) => insertProfile(trx, fakeProfile({ name: 'acme' })));
    const alone = sql`insert into meta (key, value) values ('lock', 'test')`.execute(db);
    await expect.poll(() => turns).toBeGreaterThan(10);
    expect(await Promise.race([inTransaction, sleep(0, 'waiting')])).toBe('waiting');
    other.exec('commit');
    other.close();
    await Promise.all([inTransaction, alone]);
    clearInterval(timer);
    expect(await findProfile(db, 'acme')).toMatchObject({ name: 'acme' });
  });
});
