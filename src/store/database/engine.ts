import { type Kysely, PostgresAdapter } from 'kysely';

/** The engine of a store, for the few queries that have to differ. */
export function engineOf(db: Pick<Kysely<never>, 'getExecutor'>): 'sqlite' | 'postgres' {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}
