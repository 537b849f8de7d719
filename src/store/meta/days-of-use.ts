import { dayMs } from '../../domain/lifetimes.ts';
import type { Db } from '../db.ts';
import { getMeta, swapMeta } from './meta.ts';

const key = 'days-of-use';

/** A clock that is ahead shows at most a few wrong days before someone corrects it. */
const neededDays = 7;

/**
 * Records that the program ran today. Returns the start of the seventh-last day on which it ran, null before the seventh:
 * whatever expired before it has expired even if the clock is wrong now. Epoch milliseconds.
 */
export async function recordDayOfUse(db: Db, now: number): Promise<number | null> {
  const today = Math.floor(now / dayMs);
  const stored = (await getMeta(db, key))?.split(' ').map(Number) ?? [];
  // A later day was recorded while the clock was ahead.
  const days = [...new Set([...stored.filter((day) => day < today), today])].slice(-neededDays);
  await swapMeta(db, key, days.join(' '));
  const [first] = days;
  return first === undefined || days.length < neededDays ? null : first * dayMs;
}
