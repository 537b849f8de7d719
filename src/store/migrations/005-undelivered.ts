import { type Kysely, sql } from 'kysely';

/*
 * A profile whose token was renewed while a destination still holds an earlier one is due when the earlier one ends. No new
 * column is covered by a row MAC. Like every migration, this repeats the rule of the program as it is now.
 */

/** The expiry of a token of which nothing is known. */
const unknownEnd = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Sorts undelivered profiles before all others. */
const undeliveredSortOffset = 2_000_000_000_000_000;

export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  for (const column of ['undelivered_until', 'token_expires_at'])
    await schema.alterTable('profile').addColumn(column, 'bigint').execute();
  for (const column of ['token_expires_at', 'token_rejected_at'])
    await schema.alterTable('destination').addColumn(column, 'bigint').execute();
  await sql`update profile set token_expires_at =
    (select expires_at from token where token.profile_id = profile.id and token.state = 'current')`.execute(
    db,
  );
  await sql`
    update profile set
      undelivered_until = case when earliest < expires_at then earliest else expires_at end,
      due_at = case when earliest < expires_at then earliest else expires_at end - ${sql.lit(undeliveredSortOffset)}
    from (
      select newest.profile_id, newest.expires_at, min(case
        when held.rejected_at < held.expires_at then held.rejected_at
        else coalesce(held.expires_at, ${sql.lit(unknownEnd)}) end) as earliest
      from token as newest
      join destination on destination.profile_id = newest.profile_id
      left join token as held on held.id = destination.token_id
      where newest.state = 'current' and newest.rejected_at is null
        and destination.via is null and destination.token_id <> newest.id
      group by newest.profile_id, newest.expires_at
    ) as undelivered
    where undelivered.profile_id = profile.id`.execute(db);
  // Their reminders are planned again, by the earlier end.
  await sql`update reminder_schedule set next_at = 0 where next_at > 0 and token_id in (
    select token.id from token join profile on profile.id = token.profile_id
    where token.state = 'current' and profile.undelivered_until is not null)`.execute(db);
  // Counts the undelivered profiles whose current token has expired too.
  await sql`create index profile_undelivered on profile (token_expires_at)
    where undelivered_until is not null`.execute(db);
}
