import type { AuditEntry } from '../../../src/store/audit/chain.ts';
import { nextRows } from '../../../src/store/audit/chain.ts';
import { chainState } from '../../../src/store/audit/heads.ts';
import { registerChain, registeredChains } from '../../../src/store/audit/register.ts';
import { signature, startOf } from '../../../src/store/audit/signature.ts';
import type { Db } from '../../../src/store/db.ts';
import { macKeysOf } from '../../../src/store/integrity/mac-keys.ts';

/** Adds a chain, as another server has it, with these rows. Returns its number. */
export async function addChain(db: Db, time: number, entries: readonly AuditEntry[]): Promise<number> {
  await db.transaction().execute((trx) => registerChain(trx, time));
  const chain = (await registeredChains(db)).at(-1)?.id ?? 0;
  await appendToChain(db, chain, time, entries);
  return chain;
}

/** Appends rows to a chain, as its writer does. */
export async function appendToChain(
  db: Db,
  chain: number,
  time: number,
  entries: readonly AuditEntry[],
): Promise<void> {
  const state = await chainState(db, chain);
  if (state === null) throw new Error(`there is no chain ${chain}`);
  const { rows, end } = nextRows(chain, state, time, entries);
  const keys = macKeysOf(db);
  await db.insertInto('audit').values(rows).execute();
  await db
    .updateTable('audit_head')
    .set({
      ...end,
      ...(keys !== null && { signed_seq: end.seq, signature: signature(keys, chain, startOf(state), end) }),
    })
    .where('id', '=', chain)
    .execute();
}
