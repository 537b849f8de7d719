import { chainStates, signChain, unsignedStart } from '../../store/audit/heads.ts';
import type { Db } from '../../store/db.ts';
import { authenticateAll } from '../../store/integrity/all-rows.ts';
import { rowMacHead } from '../../store/integrity/mac-queries.ts';
import { setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';

/**
 * Adds the row MACs and the audit log's signature to a store once: on its first run, or if an earlier version wrote it. The
 * state stored next to the key shows whether this was already done; see `RollbackDetector`.
 */
export async function authenticateOnce(db: Db): Promise<void> {
  if ((await rowMacHead(db)) !== null) return;
  await db.transaction().execute(async (trx) => {
    // If other processes waited for this transaction, they find that it is already done.
    if ((await rowMacHead(trx)) !== null) return;
    await setStoreIdentity(trx, await storeIdentity(trx));
    await authenticateAll(trx, 0);
    for (const chain of await chainStates(trx))
      await signChain(trx, chain.id, await unsignedStart(trx, chain));
  });
}
