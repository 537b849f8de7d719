import { chainStart, lockAuditLog, signChain } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { authenticateAll, rowMacHead } from '../../store/integrity/row-macs.ts';
import { setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';

/**
 * Gives the rows of a store their codes, and its log a signature, once: on the first run, or where an earlier version
 * wrote it. Whether that was done before is known from beside the key; see `Witness`.
 */
export async function authenticateOnce(db: Db): Promise<void> {
  if ((await rowMacHead(db)) !== null) return;
  await db.transaction().execute(async (trx) => {
    // Others wait here, and find it done.
    await lockAuditLog(trx);
    if ((await rowMacHead(trx)) !== null) return;
    await setStoreIdentity(trx, await storeIdentity(trx));
    await authenticateAll(trx, 0);
    await signChain(trx, await chainStart(trx));
  });
}
