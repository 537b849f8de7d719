import { appendAudit } from '../../store/audit/audit.ts';
import { expiredUnusedTokens } from '../../store/profiles/expired-tokens.ts';
import { deleteToken } from '../../store/profiles/tokens.ts';
import type { StoreContext } from '../context.ts';

/** As many are deleted in one transaction. */
const atOnce = 100;

/**
 * Deletes tokens that are over and not in use, each with a row in the audit log: never a profile's current one, nor one
 * that a destination still holds. Returns how many.
 */
export async function deleteExpiredTokens({ db, now }: Pick<StoreContext, 'db' | 'now'>): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await db.transaction().execute(async (trx) => {
      const expired = await expiredUnusedTokens(trx, now(), atOnce);
      for (const { id, profile } of expired) {
        await deleteToken(trx, id);
        await appendAudit(trx, now(), { action: 'remove-token', outcome: 'expired', profile });
      }
      return expired.length;
    });
    deleted += count;
    if (count < atOnce) return deleted;
  }
}
