import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { changing, markForeign, removing } from './changes.ts';
import type { Kind } from './kinds.ts';
import type { RowName } from './mac-queries.ts';

/**
 * Gives rows whose MACs were made with an older data key a MAC by the newest one, at most `limit` of them, within the
 * caller's transaction. Rows that were changed from outside stay refused. Returns how many rows there were.
 */
export async function renewMacs(trx: Db, newestKeyId: string, limit: number): Promise<number> {
  const outdated = await outdatedMacs(trx, newestKeyId, limit);
  for (const { kind, id } of outdated) {
    try {
      await changing(trx, kind, [id]);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      await removing(trx, kind, [id]);
      markForeign(trx, { kind, id });
    }
  }
  return outdated.length;
}

async function outdatedMacs(trx: Db, newestKeyId: string, limit: number): Promise<RowName[]> {
  const start = `${newestKeyId.slice(0, 8)}.`;
  const rows = await trx
    .selectFrom('row_mac')
    .select(['kind', 'id'])
    .where(({ eb, fn, val }) => eb(fn<string>('substr', ['mac', val(1), val(start.length)]), '<>', start))
    .limit(limit)
    .execute();
  return rows.map(({ kind, id }) => ({ kind: kind as Kind, id }));
}
