import { sql } from 'kysely';
import type { Db } from '../db.ts';
import { engineOf } from './engine.ts';

/** Reads everything as of one instant, on one connection, without blocking writers. */
export async function withSnapshot<T>(db: Db, use: (snapshot: Db) => Promise<T>): Promise<T> {
  return await db.connection().execute(async (connection) => {
    await sql.raw(snapshotStatements[engineOf(db)]).execute(connection);
    try {
      return await use(connection);
    } finally {
      await sql`rollback`.execute(connection).catch(() => {});
    }
  });
}

const snapshotStatements = {
  sqlite: 'begin deferred',
  postgres: 'start transaction isolation level repeatable read, read only',
};
