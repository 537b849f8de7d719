import { type Selectable, sql } from 'kysely';
import { isProfileEvent, profileEvents } from '../../domain/reminder-triggers.ts';
import type { ReminderTable } from '../database/schema.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { getMeta, swapMeta } from '../meta/meta.ts';
import { currentTokenIds, stateOf } from '../profiles/tokens.ts';
import { addScheduledChannels, type ChannelName, scheduledChannels, scheduleReminders } from './schedule.ts';

export type ReminderState = ReminderTable['state'];

/** A reminder that was sent or is to be sent. Instants are epoch milliseconds. */
export interface Reminder {
  tokenId: string;
  trigger: string;
  /** The destination that it is about; null if it is about the token itself. */
  destinationId: string | null;
  channel: ChannelName;
  eventAt: number;
  state: ReminderState;
  attempts: number;
  leaseOwner: string | null;
  leaseExpiresAt: number | null;
  retryAt: number | null;
  sentAt: number | null;
  changedAt: number;
  error: string | null;
  /** The recipients that have it, if it did not reach all of them. */
  deliveredTo: string[];
}

/** A current token as it was when it was found due. */
export interface DueToken {
  id: string;
  profileId: string;
  capturedAt: number;
  expiresAt: number;
  rejectedAt: number | null;
  /** Its profile's; see `Profile`. */
  undeliveredUntil: number | null;
  /** When the channel had to check it; see `ReminderScheduleTable`. */
  nextAt: number;
}

/**
 * The current tokens that a channel has to check at `now`, most overdue first. Found by index, so tokens that are not due cost
 * nothing. The caller decides whether a reminder is due.
 */
export async function dueTokens(
  db: Db,
  channel: ChannelName,
  now: number,
  limit: number,
): Promise<DueToken[]> {
  return await db
    .selectFrom('reminder_schedule')
    .innerJoin('token', 'token.id', 'reminder_schedule.token_id')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .select([
      'token.id',
      'token.profile_id as profileId',
      'token.captured_at as capturedAt',
      'token.expires_at as expiresAt',
      'token.rejected_at as rejectedAt',
      'profile.undelivered_until as undeliveredUntil',
      'reminder_schedule.next_at as nextAt',
    ])
    .where('reminder_schedule.channel', '=', channel)
    .where('reminder_schedule.next_at', '<=', now)
    .where('token.state', '=', stateOf.current)
    .orderBy('reminder_schedule.next_at')
    .limit(limit)
    .execute();
}

/** A token, and when its channel has to check it next. Epoch milliseconds. */
export interface NextCheck {
  token: DueToken;
  at: number;
}

/**
 * Stores when some hundreds of tokens are next due, in one statement. A token whose schedule changed meanwhile is left
 * alone, because the instant has to be calculated again.
 */
export async function setNextChecks(
  db: Db,
  channel: ChannelName,
  checks: readonly NextCheck[],
): Promise<void> {
  if (checks.length === 0) return;
  const values = checks.map(({ token, at }) => sql`(${token.id}, ${at}, ${token.nextAt})`);
  // Both engines call the columns of unnamed values column1 and so on.
  await sql`
    update reminder_schedule set next_at = cast(checks.column2 as bigint)
    from (values ${sql.join(values)}) as checks
    where reminder_schedule.token_id = checks.column1 and reminder_schedule.channel = ${channel}
      and reminder_schedule.next_at = cast(checks.column3 as bigint)`.execute(db);
}

/**
 * Schedules every current token for the channels that are used for the first time. Stores the names of these channels first, so
 * that the next run continues if the process ends in between.
 */
export async function scheduleNewChannels(db: Db, names: readonly ChannelName[]): Promise<void> {
  const known = await scheduledChannels(db);
  const added = names.filter((name) => !known.includes(name));
  if (added.length > 0) {
    await db.transaction().execute(async (trx) => {
      await addScheduledChannels(trx, added);
      await swapMeta(trx, 'reminder-channels-added', added.join(' '));
    });
  }
  const unscheduled = (await getMeta(db, 'reminder-channels-added')) ?? '';
  if (unscheduled === '') return;
  for await (const ids of currentTokenIds(db)) {
    const rows = ids.flatMap((id) =>
      unscheduled.split(' ').map((channel) => ({ token_id: id, channel, next_at: 0 })),
    );
    await db
      .insertInto('reminder_schedule')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  await swapMeta(db, 'reminder-channels-added', '');
}

/** Makes every current token due on every channel: the clock was set back, or other days or channels are configured. */
export async function recheckAll(db: Db): Promise<void> {
  for await (const ids of currentTokenIds(db)) {
    await scheduleReminders(
      db,
      ids.map((id) => ({ id })),
    );
  }
}

/**
 * Disregards what was sent after `time`, because the clock was set back to long before it: otherwise it would count as sent
 * once the clock comes near it. Epoch milliseconds.
 */
export async function disregardSentAfter(db: Db, time: number): Promise<void> {
  await db
    .updateTable('reminder')
    .set({ state: 'superseded' })
    .where('state', '=', 'sent')
    .where('changed_at', '>', time)
    .where('trigger', 'not in', profileEvents)
    .execute();
}

/** Undoes `disregardSentAfter` for what was sent up to `time`: it was the earlier clock that was right. */
export async function restoreSentUntil(db: Db, time: number): Promise<void> {
  await db
    .updateTable('reminder')
    .set({ state: 'sent' })
    .where('state', '=', 'superseded')
    .where('sent_at', 'is not', null)
    .where('changed_at', '<=', time)
    .execute();
}

/**
 * Makes undelivered reminders on this channel due now, regardless of when they would be retried. They come after reminders
 * that are due for the first time, so that one that can never be delivered does not delay others.
 */
export async function recheckUnsent(db: Db, channel: ChannelName, now: number): Promise<void> {
  await db
    .updateTable('reminder_schedule')
    .set({ next_at: now })
    .where('channel', '=', channel)
    .where('next_at', '>', now)
    .where('token_id', 'in', (select) =>
      select
        .selectFrom('reminder')
        .select('token_id')
        .where('state', 'in', ['failed', 'sending'])
        .where('channel', '=', channel),
    )
    .execute();
}

/** The reminders about these tokens on one channel, by the token's ID. */
export async function remindersOn(
  db: Db,
  channel: ChannelName,
  tokenIds: readonly string[],
): Promise<Map<string, Reminder[]>> {
  const rows =
    tokenIds.length === 0
      ? []
      : await db
          .selectFrom('reminder')
          .selectAll()
          .where('token_id', 'in', tokenIds)
          .where('channel', '=', channel)
          .orderBy('changed_at')
          .execute();
  return Map.groupBy(rows.map(fromRow), ({ tokenId }) => tokenId);
}

/** The reminders about a token; on one channel, if it is named. */
export async function remindersOf(db: Db, tokenId: string, channel?: ChannelName): Promise<Reminder[]> {
  let query = db.selectFrom('reminder').selectAll().where('token_id', '=', tokenId);
  if (channel !== undefined) query = query.where('channel', '=', channel);
  return (await query.orderBy('changed_at').execute()).map(fromRow);
}

/** The reminders about current tokens that could not be delivered yet, newest failure first. */
export async function failedReminders(db: Db, limit = 100): Promise<(Reminder & { profile: string })[]> {
  const rows = await db
    .selectFrom('reminder')
    .innerJoin('token', 'token.id', 'reminder.token_id')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .selectAll('reminder')
    .select('profile.name as profile')
    .where('reminder.state', '=', 'failed')
    .where('token.state', '=', stateOf.current)
    .orderBy('reminder.changed_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...fromRow(row), profile: row.profile }));
}

export interface Lease {
  tokenId: string;
  trigger: string;
  destinationId: string | null;
  channel: ChannelName;
  eventAt: number;
  attempt: number;
  leaseOwner: string;
  leaseExpiresAt: number;
  now: number;
  /** The recipients that have it from previous attempts. */
  deliveredTo: readonly string[];
}

/**
 * Leases a reminder, durably, before it is sent. `known` is the row as it was read, null if there was none. False if another
 * process was faster.
 */
export async function leaseReminder(db: Db, lease: Lease, known: Reminder | null): Promise<boolean> {
  const values = {
    event_at: lease.eventAt,
    state: 'sending' as const,
    attempts: lease.attempt,
    lease_owner: lease.leaseOwner,
    lease_expires_at: lease.leaseExpiresAt,
    retry_at: null,
    sent_at: null,
    changed_at: lease.now,
    error: null,
    delivered_to: listOrNull(lease.deliveredTo),
  };
  const { tokenId: token_id, trigger, destinationId: destination_id, channel } = lease;
  const row =
    known === null
      ? await db
          .insertInto('reminder')
          .values({ token_id, trigger, destination_id, channel, ...values })
          .onConflict((conflict) => conflict.doNothing())
          .returning('attempts')
          .executeTakeFirst()
      : await db
          .updateTable('reminder')
          .set(values)
          .where('token_id', '=', token_id)
          .where('trigger', '=', trigger)
          .where('destination_id', 'is not distinct from', destination_id)
          .where('channel', '=', channel)
          .where('state', '=', known.state)
          .where('attempts', '=', known.attempts)
          .where('changed_at', '=', known.changedAt)
          .returning('attempts')
          .executeTakeFirst();
  return row !== undefined;
}

/**
 * Records that it was sent, unless the lease was lost in the meantime, and supersedes reminders that failed before it. `missed`:
 * which recipients will never get it, although others did, as text.
 */
export async function recordSent(
  db: Db,
  lease: Lease,
  now: number,
  missed: string | null = null,
): Promise<void> {
  const row = await leased(db, lease)
    .set({
      state: 'sent',
      sent_at: now,
      changed_at: now,
      lease_owner: null,
      lease_expires_at: null,
      error: missed,
      delivered_to: null,
    })
    .returning('trigger')
    .executeTakeFirst();
  // Events about a destination or a profile neither supersede a reminder about the token nor are superseded by one.
  if (row === undefined || lease.destinationId !== null || isProfileEvent(lease.trigger)) return;
  await db
    .updateTable('reminder')
    .set({ state: 'superseded', changed_at: now, lease_owner: null, lease_expires_at: null })
    .where('token_id', '=', lease.tokenId)
    .where('channel', '=', lease.channel)
    .where('state', '=', 'failed')
    .where('destination_id', 'is', null)
    .where('trigger', 'not in', profileEvents)
    .execute();
}

/** Extends a lease to its `leaseExpiresAt`. False if another process has taken it over. */
export async function extendLease(db: Db, lease: Lease): Promise<boolean> {
  const row = await leased(db, lease)
    .set({ lease_expires_at: lease.leaseExpiresAt })
    .returning('trigger')
    .executeTakeFirst();
  return row !== undefined;
}

/** Records the recipients who already have it, so that as little as possible is sent again after a crash. */
export async function recordProgress(db: Db, lease: Lease, deliveredTo: readonly string[]): Promise<void> {
  await leased(db, lease)
    .set({ delivered_to: listOrNull(deliveredTo) })
    .execute();
}

/** Stops retrying failed alerts about the quarantine of a destination, because it is over or the destination was removed. */
export async function supersedeReminders(db: Db, destinationId: string): Promise<void> {
  await db
    .updateTable('reminder')
    .set({ state: 'superseded', lease_owner: null, lease_expires_at: null })
    .where('destination_id', '=', destinationId)
    .where('state', '=', 'failed')
    .execute();
}

export async function recordFailed(
  db: Db,
  lease: Lease,
  failure: { now: number; retryAt: number; error: string; deliveredTo: readonly string[] },
): Promise<void> {
  const { now, retryAt, error, deliveredTo } = failure;
  await leased(db, lease)
    .set({
      state: 'failed',
      changed_at: now,
      retry_at: retryAt,
      error,
      delivered_to: listOrNull(deliveredTo),
      lease_owner: null,
      lease_expires_at: null,
    })
    .execute();
}

function listOrNull(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}

function leased(db: Db, { tokenId, trigger, destinationId, channel, leaseOwner }: Lease) {
  return db
    .updateTable('reminder')
    .where('token_id', '=', tokenId)
    .where('trigger', '=', trigger)
    .where('destination_id', 'is not distinct from', destinationId)
    .where('channel', '=', channel)
    .where('lease_owner', '=', leaseOwner);
}

function fromRow(row: Selectable<ReminderTable>): Reminder {
  return {
    tokenId: row.token_id,
    trigger: row.trigger,
    destinationId: row.destination_id,
    channel: row.channel,
    eventAt: row.event_at,
    state: row.state,
    attempts: row.attempts,
    leaseOwner: row.lease_owner,
    leaseExpiresAt: row.lease_expires_at,
    retryAt: row.retry_at,
    sentAt: row.sent_at,
    changedAt: row.changed_at,
    error: row.error,
    deliveredTo: row.delivered_to === null ? [] : parseListColumn(row.delivered_to, 'reminder.delivered_to'),
  };
}

/**
 * Whether the next run of reminders uses these days, so that reminders of new tokens can be scheduled by them within the
 * caller's transaction.
 */
export async function usesReminderDays(trx: Db, days: readonly number[]): Promise<boolean> {
  const wanted = days.join(',');
  const stored = await getMeta(trx, 'reminder-days');
  if (stored === null) await swapMeta(trx, 'reminder-days', wanted);
  return stored === null || stored === wanted;
}
