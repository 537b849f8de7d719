import { type Kysely, PostgresAdapter, sql } from 'kysely';

/*
 * The orders of the table of organizations by organization ID and by destinations, like those of 007.
 */

/** Sorts after every text. */
const last = '\u{10ffff}';

export async function up(db: Kysely<never>): Promise<void> {
  // Byte by byte on both engines, like the names.
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const type = isPostgres ? sql`text collate "C"` : sql`text`;
  for (const column of ['organization_order', 'destinations_order']) {
    await db.schema
      .alterTable('profile')
      .addColumn(column, type, (added) => added.notNull().defaultTo(last))
      .execute();
  }
  const providers = isPostgres
    ? sql`string_agg(provider, ' ' order by provider)`
    : sql`group_concat(provider, ' ' order by provider)`;
  await sql`update profile set
    organization_order = coalesce(lower(org_id), ${sql.lit(last)}),
    destinations_order = coalesce(
      (select ${providers} from destination where destination.profile_id = profile.id), ${sql.lit(last)})`.execute(
    db,
  );
  for (const column of ['organization_order', 'destinations_order'])
    await sql`create index ${sql.ref(`profile_${column}`)} on profile (${sql.ref(column)}, name)`.execute(db);
}
