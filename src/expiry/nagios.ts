import { dayMs, expiryOf } from '../tokens/lifetimes.ts';
import type { Profile } from '../tokens/profile.ts';
import type { Token } from '../tokens/token.ts';

/** The Nagios plugin convention: the number is the exit code. */
export const states = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;

export type MonitorState = keyof typeof states;

/** How one profile stands for a monitoring system. */
export interface Monitored {
  profile: string;
  state: MonitorState;
  /** `expires in 12 days`, `expired 3 days ago`. */
  words: string;
  /** To the end; negative once it is over; null without a token. */
  daysLeft: number | null;
  /** RFC 3339, or null without a token. */
  expiresAt: string | null;
}

export interface MonitorReport {
  state: MonitorState;
  /** Most urgent first. */
  profiles: Monitored[];
  /** How many there are in all, though not all may be named. */
  total: number;
  withinDays: number;
}

/** A token that ends within so many days is a warning; one that is over, or rejected, is critical. */
export function monitored(
  profile: Profile,
  current: Token | null,
  { now, withinDays }: { now: number; withinDays: number },
): Monitored {
  if (current === null) {
    const words = 'holds no token';
    return { profile: profile.name, state: 'UNKNOWN', words, daysLeft: null, expiresAt: null };
  }
  const { expiresAt } = expiryOf(current.lifetimes);
  const left = expiresAt - now;
  const days = Math.floor(left / dayMs);
  const common = { profile: profile.name, daysLeft: days, expiresAt: new Date(expiresAt).toISOString() };
  if (left <= 0) return { ...common, state: 'CRITICAL', words: expiredWords(-left) };
  if (current.rejectedAt !== null) return { ...common, state: 'CRITICAL', words: 'is rejected by Webex' };
  const words = `expires in ${plural(days)}`;
  return { ...common, state: left <= withinDays * dayMs ? 'WARNING' : 'OK', words };
}

function expiredWords(ago: number): string {
  const days = Math.floor(ago / dayMs);
  return days === 0 ? 'expired within the last day' : `expired ${plural(days)} ago`;
}

/** The worst of them, in the order in which a person would want to know. */
export function worstState(states: readonly MonitorState[]): MonitorState {
  const order: MonitorState[] = ['CRITICAL', 'WARNING', 'UNKNOWN', 'OK'];
  return order.find((state) => states.includes(state)) ?? 'UNKNOWN';
}

/** One line for the operator and the graphs, and one for each further profile that is not well. */
export function nagiosText({ state, profiles, total, withinDays }: MonitorReport): string {
  const worst = profiles.find((each) => each.state === state);
  const name = worst === undefined ? 'nothing is held' : `${worst.profile} ${worst.words}`;
  const more = total > 1 ? ` (${total} profiles)` : '';
  const first = `WEBEX TOKEN ${state} - ${name}${more} | ${performanceData(profiles, total, withinDays)}`;
  const others = profiles.filter((each) => each !== worst && each.state !== 'OK');
  return [first, ...others.map((each) => `${each.state}: ${each.profile} ${each.words}`)].join('\n');
}

/** `'label'=value;warn;crit` (Monitoring Plugins Development Guidelines): below the thresholds it alerts. */
function performanceData(profiles: readonly Monitored[], total: number, withinDays: number): string {
  const days = profiles
    .filter((each) => each.daysLeft !== null)
    .map(({ profile, daysLeft }) => `'${profile}'=${daysLeft};${withinDays}:;0:`);
  return [`profiles=${total}`, ...days].join(' ');
}

function plural(days: number): string {
  return `${days} day${days === 1 ? '' : 's'}`;
}
