import type { Db } from '../db.ts';
import { authenticRow } from '../integrity/authentic-rows.ts';
import { created, inTransaction, removing } from '../integrity/changes.ts';
import type { ChannelName } from './schedule.ts';

/** The settings of a channel, encrypted. */
export interface StoredChannel {
  channel: ChannelName;
  ciphertext: string;
  /** Epoch milliseconds. */
  changedAt: number;
}

/** The names of the channels that were set up in the web app, not checked. */
export async function storedChannelNames(db: Db): Promise<ChannelName[]> {
  const rows = await db.selectFrom('reminder_channel').select('channel').orderBy('channel').execute();
  return rows.map(({ channel }) => channel);
}

/** The settings of a channel; null if it was not set up. Throws `E_INTEGRITY` if another program wrote them. */
export async function storedChannel(db: Db, channel: ChannelName): Promise<StoredChannel | null> {
  const row = await authenticRow(db, 'reminderChannel', () =>
    db.selectFrom('reminder_channel').selectAll().where('channel', '=', channel).executeTakeFirst(),
  );
  return row === undefined ? null : { channel, ciphertext: row.settings, changedAt: row.changed_at };
}

/** Stores the settings of a channel in place of its previous ones, even if another program wrote those. */
export async function saveChannel(db: Db, { channel, ciphertext, changedAt }: StoredChannel): Promise<void> {
  await inTransaction(db, async (trx) => {
    await deleteChannel(trx, channel);
    created(trx, 'reminderChannel', [channel]);
    await trx
      .insertInto('reminder_channel')
      .values({ channel, settings: ciphertext, changed_at: changedAt })
      .execute();
  });
}

/** Returns whether the channel was set up. */
export async function deleteChannel(db: Db, channel: ChannelName): Promise<boolean> {
  return await inTransaction(db, async (trx) => {
    await removing(trx, 'reminderChannel', [channel]);
    const { numDeletedRows } = await trx
      .deleteFrom('reminder_channel')
      .where('channel', '=', channel)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  });
}
