import { InvalidArgumentError } from 'commander';
import { dayMs } from '../../domain/lifetimes.ts';

const units: Record<string, number> = { m: 60_000, h: 3_600_000, d: dayMs };

/**
 * Parses a date as a person types it: a day (its start in UTC), an RFC 3339 instant, or a duration such as 90d, 12h or
 * 30m, counted `ahead` or `back` from now. Epoch milliseconds.
 */
export function parseDate(text: string, direction: 'ahead' | 'back', now = Date.now()): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    const span = Number(count) * (units[unit] ?? 0);
    return direction === 'ahead' ? now + span : now - span;
  }
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/.test(text);
  const instant = (isDay || isInstant) && isCalendarDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new InvalidArgumentError(
    'Use a date such as 2027-12-31, a time such as 2027-12-31T12:00Z, or a duration such as 90d.',
  );
}

/** `Date.parse` accepts 30 February and returns 2 March. */
function isCalendarDay(day: string): boolean {
  const start = new Date(day);
  return !Number.isNaN(start.getTime()) && start.toISOString().startsWith(day);
}
