import type { Kysely } from 'kysely';

/*
 * API clients of the SCIM relay, API clients that authenticate with a JWT of another issuer, and destinations that
 * authenticate to us instead of holding the Webex token. Every new column is null in existing rows, so their MACs stay valid.
 */
export async function up(db: Kysely<never>): Promise<void> {
  for (const column of ['relay_rights', 'issuer', 'subject', 'audience'])
    await db.schema.alterTable('client').addColumn(column, 'text').execute();
  await db.schema.alterTable('client').addColumn('any_scope', 'integer').execute();
  for (const column of ['via', 'client_id'])
    await db.schema.alterTable('destination').addColumn(column, 'text').execute();
}
