import { appendAudit } from '../../store/audit/audit.ts';
import { recordDayOfUse } from '../../store/meta/days-of-use.ts';
import { expiredUnusedTokens } from '../../store/profiles/expired-tokens.ts';
import { deleteToken } from '../../store/profiles/tokens.ts';
import { deleteUpgradeCopies } from '../../store/sqlite/upgrade-copy.ts';
import type { StoreContext } from '../context.ts';
import { databaseFile } from '../store-location.ts';

/** How many are deleted in one transaction. */
const batchSize = 100;

/**
 * Deletes data that is kept only for some time: expired tokens, and copies of the store from before an upgrade. Not before the
 * program ran on seven days after it expired, because the clock may be ahead.
 */
export async function deleteExpired(store: StoreContext): Promise<void> {
  const before = await recordDayOfUse(store.db, store.now());
  if (before === null) return;
  await deleteExpiredTokens(store, before);
  deleteUpgradeCopies(databaseFile(store.settings.home), before);
}

/**
 * Deletes tokens that expired before an instant (epoch milliseconds) and are not in use, with an audit row for each. Never
 * deletes a profile's current token, or a token that is installed in a destination. Returns how many were deleted.
 */
export async function deleteExpiredTokens(
  { db, now }: Pick<StoreContext, 'db' | 'now'>,
  before: number,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await db.transaction().execute(async (trx) => {
      const expired = await expiredUnusedTokens(trx, before, batchSize);
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
