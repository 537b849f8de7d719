import { appendAudit } from '../../../src/store/audit/audit.ts';
import { openSqliteFile } from '../../../src/store/sqlite/file.ts';
import { openStore } from '../../../src/store/store.ts';
import { appendAuditRows } from '../../../src/store/token-requests/sqlite-fast-path.ts';

/*
 * Writes audit rows as fast as it can, with the query builder or the fast path of `get`:
 * FILE WAY NAME COUNT
 */
const [file = '', way = '', name = '', count = ''] = process.argv.slice(2);
const entry = { action: 'read', outcome: 'ok', profile: name };
if (way === 'short') {
  const database = openSqliteFile(file);
  for (let at = 0; at < Number(count); at += 1) appendAuditRows(database, null, at, [entry]);
  database.close();
} else {
  const db = await openStore(file);
  for (let at = 0; at < Number(count); at += 1) {
    await db.transaction().execute((trx) => appendAudit(trx, at, entry));
  }
  await db.destroy();
}
