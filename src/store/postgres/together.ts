import type { CompiledQuery, QueryResult } from 'kysely';
import type { Db } from '../db.ts';

/**
 * Sends two statements on one connection, and takes one round trip for both. PostgreSQL starts the second one when the first
 * one was committed, and also if that has failed. Throws the error of the first one, else that of the second one.
 */
export async function together<First, Second>(
  connection: Db,
  first: CompiledQuery<First>,
  second: CompiledQuery<Second>,
): Promise<[QueryResult<First>, QueryResult<Second>]> {
  return await connection.getExecutor().provideConnection(async (driver) => {
    // Not one after the other, and not before both have ended.
    const [one, two] = await Promise.allSettled([
      driver.executeQuery<First>(first),
      driver.executeQuery<Second>(second),
    ]);
    if (one.status === 'rejected') throw one.reason;
    if (two.status === 'rejected') throw two.reason;
    return [one.value, two.value];
  });
}
