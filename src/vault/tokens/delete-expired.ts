import { appendAudit } from '../../store/audit/audit.ts';
import { expiredUnusedTokens } from '../../store/profiles/expired-tokens.ts';
import { deleteToken } from '../../store/profiles/tokens.ts';
import { deleteUpgradeCopies } from '../../store/sqlite/upgrade-copy.ts';
import type { StoreContext } from '../context.ts';
import { databaseFile } from '../store-location.ts';

/** How many are deleted in one transaction. */
const batchSize = 100;

/** Deletes data that is kept only for some time: expired tokens, and copies of the store from before an upgrade. */
export async function deleteExpired(store: StoreContext): Promise<void> {
  await deleteExpiredTokens(store);
  deleteUpgradeCopies(databaseFile(store.settings.home), store.now());
}

/**
 * Deletes expired tokens that are not in use, with an audit row for each. Never deletes a profile's current token, or a token
 * that is installed in a destination. Returns how many were deleted.
 */
export async function deleteExpiredTokens({ db, now }: Pick<StoreContext, 'db' | 'now'>): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await db.transaction().execute(async (trx) => {
      const expired = await expiredUnusedTokens(trx, now(), batchSize);
      for (const { id, profile } of expired) {
        await deleteToken(trx, id);
        await appendAudit(trx, now(), { action: 'remove-token', outcome: 'expired', profile });
      }
      return expired.length;
    });
    deleted += count;
    if (count < batchSize) return deleted;
  }
}
