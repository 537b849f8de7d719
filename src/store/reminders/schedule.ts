import { sql } from 'kysely';
import type { ReminderChannel } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { getMeta, swapMeta } from '../meta/meta.ts';

export type ChannelName = ReminderChannel;

/** The channels for which every token is scheduled from the start. Others are added when they are first used. */
const initialChannels: readonly ChannelName[] = ['mail', 'webhook', 'desktop'];

/** The channels for which current tokens are scheduled. */
export async function scheduledChannels(db: Db): Promise<readonly ChannelName[]> {
  const stored = await getMeta(db, 'reminder-channels');
  return stored === null ? initialChannels : stored.split(' ');
}

/** From now on, schedules every token for these channels too. */
export async function addScheduledChannels(db: Db, names: readonly ChannelName[]): Promise<void> {
  await swapMeta(db, 'reminder-channels', [...(await scheduledChannels(db)), ...names].join(' '));
}

/** Unknown, but never the same value as before, so that an instant calculated from outdated data cannot be stored. */
const notScheduled = sql<number>`case when reminder_schedule.next_at > 0 then 0 else reminder_schedule.next_at - 1 end`;

/**
 * Schedules a check of these tokens on every channel, at `at` (epoch milliseconds) or as soon as possible, in the caller's
 * transaction. The tokens are current or about to be.
 */
export async function scheduleReminders(
  db: Db,
  tokens: readonly { id: string; at?: number | undefined }[],
): Promise<void> {
  if (tokens.length === 0) return;
  const channels = await scheduledChannels(db);
  const rows = tokens.flatMap(({ id, at = 0 }) =>
    channels.map((channel) => ({ token_id: id, channel, next_at: at })),
  );
  await db
    .insertInto('reminder_schedule')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['token_id', 'channel']).doUpdateSet({ next_at: notScheduled }),
    )
    .execute();
}

/** Removes these tokens from the schedules of all channels, because they are no longer current. */
export async function unscheduleReminders(db: Db, tokenIds: readonly string[]): Promise<void> {
  if (tokenIds.length === 0) return;
  await db.deleteFrom('reminder_schedule').where('token_id', 'in', tokenIds).execute();
}
