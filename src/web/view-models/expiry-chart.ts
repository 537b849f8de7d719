import { dayMs } from '../../domain/lifetimes.ts';
import { dueDays } from '../../store/profiles/due-counts.ts';
import type { Vault } from '../../vault/context.ts';

/** One bar of the chart. */
export interface ExpiryMonth {
  /** For example `Jan`, or `Jan 2028` for the first month of a year. */
  label: string;
  count: number;
  /** From 0 to `chartHeight`. */
  height: number;
}

export const chartHeight = 40;

const months = 12;

/** How many tokens expire in this month, from today, and in each of the next eleven (UTC). Null if none does. */
export async function expiryChart({ db, now }: Pick<Vault, 'db' | 'now'>): Promise<ExpiryMonth[] | null> {
  const today = new Date(now());
  const start = (ahead: number) => Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + ahead, 1);
  const days = await dueDays(db, { from: now(), until: start(months) });
  if (days.length === 0) return null;
  const counts = Array.from({ length: months }, (_, ahead) => {
    const within = days.filter(({ day }) => day * dayMs >= start(ahead) && day * dayMs < start(ahead + 1));
    return within.reduce((sum, { profiles }) => sum + profiles, 0);
  });
  const highest = Math.max(...counts);
  return counts.map((count, ahead) => {
    const first = new Date(start(ahead));
    const month = first.toLocaleDateString('en', { month: 'short', timeZone: 'UTC' });
    return {
      label: first.getUTCMonth() === 0 ? `${month} ${first.getUTCFullYear()}` : month,
      count,
      height: count === 0 ? 0 : Math.max(1, Math.round((count / highest) * chartHeight)),
    };
  });
}
