/**
 * A time between 0.9 and 1.1 times as long, in whole milliseconds, which is all that the store holds: what begins
 * together does not come up together for ever. `random` gives numbers from 0 to 1.
 */
export function withJitter(milliseconds: number, random: () => number): number {
  return Math.round(milliseconds * (0.9 + 0.2 * random()));
}
