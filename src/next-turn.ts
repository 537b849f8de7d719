import { setImmediate } from 'node:timers/promises';

/**
 * Lets the event loop serve what waits. Long work calls it between pieces of a few milliseconds: SQLite answers within
 * the call, so that awaiting a query alone never gives way to a request.
 */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}
