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
  const days = await daysUntil(db, now);
  await swapMeta(db, key, days.join(' '));
  const [first] = days;
  return first === undefined || days.length < neededDays ? null : first * dayMs;
}

/**
 * The last day before a jump: it was followed, within the last seven days of use, by a day more than 30 days later. Null if
 * there was no jump. Then the clock may have been set ahead, or the program was not used. Epoch milliseconds.
 */
export async function lastDayBeforeJump(db: Db, now: number): Promise<number | null> {
  const days = await daysUntil(db, now);
  const before = days.findLast((day, at) => (days[at + 1] ?? day) - day > 30);
  return before === undefined ? null : before * dayMs;
}

/** The last days of use, and today. */
async function daysUntil(db: Db, now: number): Promise<number[]> {
  const today = Math.floor(now / dayMs);
  const stored = (await getMeta(db, key))?.split(' ').map(Number) ?? [];
  // A later day was recorded while the clock was ahead.
  return [...new Set([...stored.filter((day) => day < today), today])].slice(-neededDays);
}
