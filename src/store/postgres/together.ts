import type { CompiledQuery, QueryResult } from 'kysely';
import type { Db } from '../db.ts';

/**
 * Sends two statements on one connection, in one round trip. PostgreSQL starts the second one when the first one was committed,
 * or has failed. Throws the error of the first one, otherwise that of the second one.
 */
export async function together<First, Second>(
  connection: Db,
  first: CompiledQuery<First>,
  second: CompiledQuery<Second>,
): Promise<[QueryResult<First>, QueryResult<Second>]> {
  return await connection.getExecutor().provideConnection(async (driver) => {
    // Sends both without waiting in between, and waits for both, even if one fails.
    const [one, two] = await Promise.allSettled([
      driver.executeQuery<First>(first),
      driver.executeQuery<Second>(second),
    ]);
    if (one.status === 'rejected') throw one.reason;
    if (two.status === 'rejected') throw two.reason;
    return [one.value, two.value];
  });
}
