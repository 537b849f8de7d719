import { type Kysely, PostgresAdapter, sql } from 'kysely';

/*
 * Several chains of audit rows, so that servers that share a store do not wait for each other. The rows so far are the
 * first chain, whose hashes and signature stay valid.
 */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('audit_chain')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  if (db.getExecutor().adapter instanceof PostgresAdapter) {
    // The default is for servers of the earlier version that still run: they write to the first chain.
    await sql`alter table audit add column chain integer not null default 1`.execute(db);
    await sql`alter table audit drop constraint audit_pkey, add primary key (chain, seq)`.execute(db);
    await sql`drop index audit_profile`.execute(db);
  } else {
    // SQLite cannot change a primary key.
    await sql`alter table audit rename to old_audit`.execute(db);
    await sql`drop index audit_profile`.execute(db);
    await createAudit(db);
    const columns = sql.raw(
      'seq, time, action, outcome, profile, client, address, "user", subject, previous_hash, hash',
    );
    await sql`insert into audit (chain, ${columns}) select 1, ${columns} from old_audit order by seq`.execute(
      db,
    );
    await schema.dropTable('old_audit').execute();
  }
  await schema.createIndex('audit_profile').on('audit').columns(['profile', 'chain', 'seq']).execute();
}

async function createAudit({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('audit')
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('profile', 'text')
    .addColumn('client', 'text')
    .addColumn('address', 'text')
    .addColumn('user', 'text')
    .addColumn('subject', 'text')
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('chain', 'integer', (column) => column.notNull().defaultTo(1))
    .addPrimaryKeyConstraint('audit_pkey', ['chain', 'seq'])
    .execute();
}
