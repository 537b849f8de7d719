import { dayMs } from './lifetimes.ts';

/** Microsoft's article on quarantine: Entra ID retries for 28 days, then disables the job. */
export const quarantineDays = 28;

/** When Entra ID disables a quarantined job. Epoch milliseconds, as is `since`. */
export function quarantineEndsAt(since: number): number {
  return since + quarantineDays * dayMs;
}

/** Days until then, rounded down, at least 0. */
export function daysLeftInQuarantine(since: number, now: number): number {
  return Math.max(0, Math.floor((quarantineEndsAt(since) - now) / dayMs));
}
