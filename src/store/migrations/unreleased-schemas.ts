import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { up as createBaseline } from './001-baseline.ts';

/*
 * Before the first release, a store was built by twelve migrations, under other names. This converts a store that any
 * of the last ones has written into that of the baseline: its rows are copied to temporary tables, the tables of the
 * baseline are created, and the rows are inserted there, all in one transaction. Like a migration it imports nothing that may change.
 */

const firstMigration = '001-vault';
/** Stores with an older schema come from the first days of development, and are not converted. */
const oldestConvertible = '008-looks';
export const unreleasedMigrations = [
  firstMigration,
  '002-expiry',
  '003-clients',
  '004-handoff',
  '005-partners',
  '006-keys',
  '007-attention-days',
  oldestConvertible,
  '009-row-integrity',
  '010-audit-subject',
  '011-max-expires-in',
  '013-reminders',
];

/** Thrown if the store is older than the oldest schema that can be converted. */
export class SchemaTooOld extends Error {}

/** Converts a store that was written before the first release. False if it was not, and nothing was changed. */
export async function upgradeUnreleasedSchema(db: Kysely<never>): Promise<boolean> {
  if (!isUnreleased(await executedMigrations(db))) return false;
  return await db.transaction().execute(async (trx) => {
    const isPostgres = trx.getExecutor().adapter instanceof PostgresAdapter;
    // Waits for another process that converts the same store. On SQLite, the start of the transaction has waited already.
    if (isPostgres) await sql`lock table kysely_migration in access exclusive mode`.execute(trx);
    const executed = await executedMigrations(trx);
    if (!isUnreleased(executed)) return false;
    if (!executed.includes(oldestConvertible)) throw new SchemaTooOld();
    await convert(trx, isPostgres);
    await sql`delete from kysely_migration`.execute(trx);
    await sql`insert into kysely_migration (name, timestamp)
      values ('001-baseline', ${new Date().toISOString()})`.execute(trx);
    return true;
  });
}

/** A store with a migration that is not listed was written by a newer version. */
function isUnreleased(executed: readonly string[]): boolean {
  return executed.includes(firstMigration) && executed.every((name) => unreleasedMigrations.includes(name));
}

async function executedMigrations(db: Kysely<never>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map(({ name }) => name);
}

/** The tables by their new names, each after those that it refers to, with their old names where they had others. */
const tables: Record<string, string> = {
  meta: 'meta',
  counter: 'tally',
  key_encryption_key: 'key_encryption_key',
  wrapped_data_key: 'wrapped_data_key',
  key_host: 'key_holder',
  profile: 'profile',
  profile_tag: 'profile_tag',
  token: 'token',
  renewal_campaign: 'renewal_round',
  renewal_item: 'renewal_item',
  sign_in: 'sign_in',
  web_session: 'web_session',
  access_link: 'entry_link',
  destination: 'handoff',
  client: 'client',
  client_profile: 'client_profile',
  client_assertion: 'client_assertion',
  reminder: 'reminder',
  calendar_feed: 'calendar_feed',
  calendar_entry: 'calendar_entry',
  audit: 'audit',
  audit_head: 'audit_head',
};

/**
 * What the baseline does not take over: counts that triggers keep, and the MACs of the rows. These are calculated again,
 * over the new names, when the store is next opened with its key.
 */
const dropped = ['attention_day', 'row_mac', 'row_mac_bucket', 'row_mac_head'];

/** The columns that had another name or other values, by their new names: how they are read from the old row. */
const expressions: Record<string, Record<string, string>> = {
  meta: {
    value: `case when key = 'identity'
      then replace(replace(value, '"life":', '"incarnation":'), '"before":', '"ancestors":') else value end`,
  },
  key_encryption_key: { authorization: 'admission' },
  profile: { due_at: 'attention_at', search_text: searchText() },
  token: {
    state: `case state when 'earlier' then 'previous' when 'set-aside' then 'needs-review' else state end`,
    ciphertext: 'sealed',
    review_reason: 'set_aside_reason',
    next_check_at: 'check_at',
  },
  renewal_item: { campaign_id: 'round_id' },
  sign_in: { session_binding_hash: 'binding_hash' },
  destination: {
    provider: 'kind',
    method: `case method when 'by-hand' then 'manual' else method end`,
    installed_at: 'handed_over_at',
    provisioning_status: 'watch',
    status_checked_at: 'watched_at',
    next_check_at: 'watch_at',
    last_check_error: 'watch_failure',
  },
  reminder: {
    // It was "quarantine" with the ID of the destination.
    trigger: `case when occasion like 'quarantine %' then 'quarantine' else occasion end`,
    destination_id: `case when occasion like 'quarantine %' then substr(occasion, 12) end`,
    event_at: 'about_at',
    lease_owner: 'claimed_by',
    lease_expires_at: 'claimed_until',
  },
};

/** It was cut at 400 characters for a while: tags after that were never found. */
function searchText(): string {
  return `case when length(search_text) < 400 then search_text else
    lower(name || ' ' || coalesce(org_id, '') || ' ' || coalesce(
      (select coalesce(account_email, '') || ' ' || coalesce(account_name, '')
       from old_token where profile_id = old_profile.id and state = 'current'), '') || ' ' || coalesce(contact, '') || ' ' ||
      replace(replace(replace(tags, '["', ''), '"]', ''), '","', ' ')) end`;
}

async function convert(trx: Kysely<never>, isPostgres: boolean): Promise<void> {
  const before = await columnsOf(trx);
  const kept = Object.entries(tables).filter(([, old]) => before.has(old));
  for (const [, old] of kept) {
    await sql`create table ${sql.table(`old_${old}`)} as select * from ${sql.table(old)}`.execute(trx);
  }
  for (const old of [...dropped, ...kept.map(([, old]) => old).toReversed()]) {
    await sql`drop table if exists ${sql.table(old)}`.execute(trx);
  }
  if (isPostgres) await sql`drop function profile_attention()`.execute(trx);

  await createBaseline(trx);
  await sql`delete from audit_head`.execute(trx);
  const after = await columnsOf(trx);
  for (const [name, old] of kept) {
    const copied = (after.get(name) ?? []).flatMap((column) => {
      const expression = expressions[name]?.[column];
      if (expression !== undefined) return [{ column, value: sql.raw(expression) }];
      return before.get(old)?.includes(column) ? [{ column, value: sql.ref(column) }] : [];
    });
    await sql`insert into ${sql.table(name)} (${sql.join(copied.map(({ column }) => sql.ref(column)))})
      select ${sql.join(copied.map(({ value }) => value))} from ${sql.table(`old_${old}`)}`.execute(trx);
  }
  for (const channel of ['mail', 'webhook', 'desktop']) {
    await sql`insert into reminder_schedule (token_id, channel, next_at)
      select id, ${sql.lit(channel)}, ${sql.ref(`remind_${channel}_at`)} from old_token
      where state = 'current'`.execute(trx);
  }
  for (const [, old] of kept) await sql`drop table ${sql.table(`old_${old}`)}`.execute(trx);
}

async function columnsOf(trx: Kysely<never>): Promise<Map<string, string[]>> {
  const found = await trx.introspection.getTables();
  return new Map(found.map(({ name, columns }) => [name, columns.map((column) => column.name)]));
}
