import { type Kysely, PostgresAdapter } from 'kysely';

/** Which engine a store is kept in, for the little that has to differ. */
export function engineOf(db: Pick<Kysely<never>, 'getExecutor'>): 'sqlite' | 'postgres' {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}
