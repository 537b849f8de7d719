import type { Db } from '../db.ts';
import { KeyUnknown, type NamedRow, NotAuthentic, setOf } from './authenticated-set.ts';
import { isChangedHere } from './changes.ts';
import { type Kind, type ProtectedRow, rowId } from './kinds.ts';
import { type DataKeys, macKeysOf } from './mac-keys.ts';
import { rowMacHead, runCheck } from './mac-queries.ts';
import { untrusted } from './untrusted.ts';

/** How often rows are read again because another process may have changed them between two statements. */
const maxReadings = 20;

/** Reads rows of a kind, and returns them only if they are what this program last wrote. Throws `E_INTEGRITY`, `E_STORE_ROLLED_BACK`. */
export async function authentic<K extends Kind, R extends ProtectedRow<K>>(
  db: Db,
  kind: K,
  read: () => Promise<R[]>,
): Promise<R[]> {
  const keys = macKeysOf(db);
  if (keys === null) return await read();
  return await readChecked(db, keys, async () => {
    const result = await read();
    // The MACs of rows that this transaction has changed are written at its end.
    const unchanged = result.filter((row) => !isChangedHere(db, kind, rowId(kind, row)));
    return { result, rows: unchanged.map((row) => ({ kind, row }) as unknown as NamedRow) };
  });
}

/** The same for one row. */
export async function authenticRow<K extends Kind, R extends ProtectedRow<K>>(
  db: Db,
  kind: K,
  read: () => Promise<R | undefined>,
): Promise<R | undefined> {
  const rows = await authentic(db, kind, async () => {
    const row = await read();
    return row === undefined ? [] : [row];
  });
  return rows[0];
}

/**
 * Reads rows of any kind and checks them. Reads them again if another process changed them in between.
 * Refuses rows that were changed from outside, or collects them in `changed` if it is given.
 */
export async function readChecked<T>(
  db: Db,
  keys: DataKeys,
  read: () => Promise<{ result: T; rows: readonly NamedRow[] }>,
  { changed, ofEveryRow = false }: { changed?: NamedRow[]; ofEveryRow?: boolean } = {},
): Promise<T> {
  let before = '';
  for (let reading = 1; ; reading += 1) {
    const { result, rows } = await read();
    if (rows.length === 0) return result;
    const head = await rowMacHead(db);
    try {
      const found: NamedRow[] = [];
      await runCheck(db, setOf(keys).check(head, rows, changed && found), ofEveryRow);
      // A change that is still there in a second reading did not happen between two statements.
      if (found.length === 0 || JSON.stringify([head, rows]) === before) {
        changed?.push(...found);
        return result;
      }
      before = JSON.stringify([head, rows]);
    } catch (error) {
      if (!(error instanceof NotAuthentic || error instanceof KeyUnknown)) throw error;
      const state = JSON.stringify([head, rows]);
      if (state === before || reading >= maxReadings) throw untrusted(error);
      before = state;
      if (error instanceof KeyUnknown) await keys.refresh(db.isTransaction ? db : undefined);
    }
  }
}
