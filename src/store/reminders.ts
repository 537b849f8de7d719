import { type Selectable, sql } from 'kysely';
import { getMeta, swapMeta } from './meta/heeded.ts';
import { currentTokenIds, stateOf } from './profiles/tokens.ts';
import type { ReminderTable } from './schema.ts';
import type { Db } from './store.ts';

export type ChannelName = ReminderTable['channel'];
export type ReminderState = ReminderTable['state'];

/** One row of the ledger. Instants are epoch milliseconds. */
export interface Reminder {
  tokenId: string;
  occasion: string;
  channel: ChannelName;
  aboutAt: number;
  state: ReminderState;
  attempts: number;
  claimedBy: string | null;
  claimedUntil: number | null;
  retryAt: number | null;
  sentAt: number | null;
  changedAt: number;
  error: string | null;
  /** Who has it, where it did not reach everyone. */
  deliveredTo: string[];
}

/** A token as it stood when it was found due. */
export interface DueToken {
  id: string;
  profileId: string;
  capturedAt: number;
  expiresAt: number;
  rejectedAt: number | null;
}

const dueColumns = {
  mail: 'remind_mail_at',
  webhook: 'remind_webhook_at',
  desktop: 'remind_desktop_at',
} as const;

/**
 * The current tokens about which a channel may have something to say by `now`, longest due first. By index: what is
 * not due costs nothing. The rest of the ledger decides whether there is anything to say.
 */
export async function dueTokens(
  db: Db,
  channel: ChannelName,
  now: number,
  limit: number,
): Promise<DueToken[]> {
  const column = dueColumns[channel];
  const rows = await db
    .selectFrom('token')
    .select(['id', 'profile_id', 'captured_at', 'expires_at', 'rejected_at'])
    .where('state', '=', stateOf.current)
    .where(column, '<=', now)
    .orderBy(column)
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    profileId: row.profile_id,
    capturedAt: row.captured_at,
    expiresAt: row.expires_at,
    rejectedAt: row.rejected_at,
  }));
}

/** A token, and the instant until which nothing is to be said about it. Epoch milliseconds. */
export interface NextLook {
  token: DueToken;
  at: number;
}

/**
 * Keeps until when nothing is to be said about some hundreds of tokens, in one statement. A token that changed meanwhile
 * is left alone, because what there is to say about it has to be found out again.
 */
export async function setNextLooks(db: Db, channel: ChannelName, looks: readonly NextLook[]): Promise<void> {
  if (looks.length === 0) return;
  const values = looks.map(
    ({ token, at }) => sql`(${token.id}, ${at}, ${token.expiresAt}, ${token.rejectedAt ?? -1})`,
  );
  // column1 and so on is what both engines call the columns of values that have no names.
  await sql`
    update token set ${sql.ref(dueColumns[channel])} = cast(looks.column2 as bigint)
    from (values ${sql.join(values)}) as looks
    where token.id = looks.column1 and token.expires_at = cast(looks.column3 as bigint)
      and coalesce(token.rejected_at, -1) = cast(looks.column4 as bigint)`.execute(db);
}

/** Looks again at every current token: the clock was set back, or other days are wanted. */
export async function recheckAll(db: Db): Promise<void> {
  for await (const ids of currentTokenIds(db)) {
    await db
      .updateTable('token')
      .set({ remind_mail_at: 0, remind_webhook_at: 0, remind_desktop_at: 0 })
      .where('id', 'in', ids)
      .execute();
  }
}

/**
 * Looks again at what did not get through on this channel, however long the pause was to be; after what is due for the
 * first time, so that what never gets through holds up nothing else.
 */
export async function recheckUnsent(db: Db, channel: ChannelName, now: number): Promise<void> {
  const column = sql.ref(dueColumns[channel]);
  await db
    .updateTable('token')
    .set({ [dueColumns[channel]]: sql`case when ${column} > ${now} then ${now} else ${column} end` })
    .where('id', 'in', (select) =>
      select
        .selectFrom('reminder')
        .select('token_id')
        .where('state', 'in', ['failed', 'sending'])
        .where('channel', '=', channel),
    )
    .execute();
}

/** What the ledger says of these tokens on one channel, by the token's ID. */
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

/** What the ledger says of a token; of one channel, where it is named. */
export async function remindersOf(db: Db, tokenId: string, channel?: ChannelName): Promise<Reminder[]> {
  let query = db.selectFrom('reminder').selectAll().where('token_id', '=', tokenId);
  if (channel !== undefined) query = query.where('channel', '=', channel);
  return (await query.orderBy('changed_at').execute()).map(fromRow);
}

/** Every reminder of a current token that did not get through yet, newest failure first. */
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
  occasion: string;
  channel: ChannelName;
  aboutAt: number;
  attempt: number;
  claimedBy: string;
  claimedUntil: number;
  now: number;
  /** Who has it from earlier attempts. */
  deliveredTo: readonly string[];
}

/**
 * Takes a reminder upon oneself, durably, before it is sent. `known` is the row as it was read, null where there was
 * none. False where somebody else was faster.
 */
export async function leaseReminder(db: Db, claim: Lease, known: Reminder | null): Promise<boolean> {
  const values = {
    about_at: claim.aboutAt,
    state: 'sending' as const,
    attempts: claim.attempt,
    claimed_by: claim.claimedBy,
    claimed_until: claim.claimedUntil,
    retry_at: null,
    sent_at: null,
    changed_at: claim.now,
    error: null,
    delivered_to: listOrNull(claim.deliveredTo),
  };
  const { tokenId: token_id, occasion, channel } = claim;
  const row =
    known === null
      ? await db
          .insertInto('reminder')
          .values({ token_id, occasion, channel, ...values })
          .onConflict((conflict) => conflict.doNothing())
          .returning('attempts')
          .executeTakeFirst()
      : await db
          .updateTable('reminder')
          .set(values)
          .where('token_id', '=', token_id)
          .where('occasion', '=', occasion)
          .where('channel', '=', channel)
          .where('state', '=', known.state)
          .where('attempts', '=', known.attempts)
          .where('changed_at', '=', known.changedAt)
          .returning('attempts')
          .executeTakeFirst();
  return row !== undefined;
}

/**
 * Records that it was sent, unless the claim was lost meanwhile; what failed before it is superseded. `missed` says who
 * will never get it, though others did.
 */
export async function recordSent(
  db: Db,
  claim: Lease,
  now: number,
  missed: string | null = null,
): Promise<void> {
  const row = await mine(db, claim)
    .set({
      state: 'sent',
      sent_at: now,
      changed_at: now,
      claimed_by: null,
      claimed_until: null,
      error: missed,
      delivered_to: null,
    })
    .returning('occasion')
    .executeTakeFirst();
  // A matter of its own supersedes nothing, and is superseded by nothing.
  if (row === undefined || isStandalone(claim.occasion)) return;
  await db
    .updateTable('reminder')
    .set({ state: 'superseded', changed_at: now, claimed_by: null, claimed_until: null })
    .where('token_id', '=', claim.tokenId)
    .where('channel', '=', claim.channel)
    .where('state', '=', 'failed')
    .where('occasion', 'not like', '% %')
    .execute();
}

/** Whether an occasion has nothing to do with the token's end: a word and an identifier, as `quarantine <id>`. */
function isStandalone(occasion: string): boolean {
  return occasion.includes(' ');
}

/** The occasion is over: what did not get through about it is tried no more. */
export async function supersedeReminders(db: Db, occasion: string): Promise<void> {
  await db
    .updateTable('reminder')
    .set({ state: 'superseded', claimed_by: null, claimed_until: null })
    .where('occasion', '=', occasion)
    .where('state', '=', 'failed')
    .execute();
}

export async function recordFailed(
  db: Db,
  claim: Lease,
  failure: { now: number; retryAt: number; error: string; deliveredTo: readonly string[] },
): Promise<void> {
  const { now, retryAt, error, deliveredTo } = failure;
  await mine(db, claim)
    .set({
      state: 'failed',
      changed_at: now,
      retry_at: retryAt,
      error,
      delivered_to: listOrNull(deliveredTo),
      claimed_by: null,
      claimed_until: null,
    })
    .execute();
}

function listOrNull(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}

function mine(db: Db, { tokenId, occasion, channel, claimedBy }: Lease) {
  return db
    .updateTable('reminder')
    .where('token_id', '=', tokenId)
    .where('occasion', '=', occasion)
    .where('channel', '=', channel)
    .where('claimed_by', '=', claimedBy);
}

function fromRow(row: Selectable<ReminderTable>): Reminder {
  return {
    tokenId: row.token_id,
    occasion: row.occasion,
    channel: row.channel,
    aboutAt: row.about_at,
    state: row.state,
    attempts: row.attempts,
    claimedBy: row.claimed_by,
    claimedUntil: row.claimed_until,
    retryAt: row.retry_at,
    sentAt: row.sent_at,
    changedAt: row.changed_at,
    error: row.error,
    deliveredTo: row.delivered_to === null ? [] : (JSON.parse(row.delivered_to) as string[]),
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
