import { findingOf, type TokenFinding } from '../domain/assess-token.ts';
import { dayMs, expiryOf, knownEnd } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import { effectiveEndOf, statusOf } from '../domain/profile-status.ts';
import { daysLeftInQuarantine, quarantineEndsAt } from '../domain/quarantine.ts';
import type { Token } from '../domain/token.ts';
import { plural } from '../text/count.ts';
import { instant } from '../text/instant.ts';

/** The states of the Nagios plugin convention, with their exit codes. */
export const states = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;

export type MonitorState = keyof typeof states;

/** The state of one profile for a monitoring system. */
export interface ProfileHealth {
  profile: string;
  /** The name that people see; null if it is `profile`. */
  displayName: string | null;
  state: MonitorState;
  /** `expires in 12 days`, `expired 3 days ago`. */
  summary: string;
  /** Days until the effective expiry, negative after it; null without a token. */
  daysLeft: number | null;
  /** When the current token expires, in RFC 3339; null without a token. */
  expiresAt: string | null;
  /** The earliest end of any token that a destination still holds; otherwise `expiresAt`. */
  effectiveExpiresAt: string | null;
  /** The quarantine in Entra ID that the last status check found; null if there is none. */
  quarantine: { app: string; since: string; daysLeft: number } | null;
  /** What is wrong with the current token that is in use anyway. Does not change the state. */
  finding: TokenFinding | null;
}

export interface MonitorReport {
  state: MonitorState;
  /** Most urgent first. */
  profiles: ProfileHealth[];
  /** The number of all profiles, even if not all are listed. */
  total: number;
  withinDays: number;
}

/** A quarantine in Entra ID, as `monitored` needs it. */
export interface MonitoredQuarantine {
  app: string;
  /** Epoch milliseconds. */
  since: number;
}

interface Monitoring {
  /** Epoch milliseconds. */
  now: number;
  withinDays: number;
}

/**
 * A token that expires within `withinDays` days is a WARNING; one that has expired or was rejected is CRITICAL. A renewed
 * token that was not delivered is a WARNING, and CRITICAL once the earlier one has expired or was rejected. A quarantine in
 * Entra ID is a WARNING while Entra ID retries, and CRITICAL once it has stopped. The worst of these counts.
 */
export function monitored(
  profile: Profile,
  current: Token | null,
  monitoring: Monitoring,
  quarantine: MonitoredQuarantine | null = null,
): ProfileHealth {
  const token = monitoredToken(profile, current, monitoring);
  if (quarantine === null) return token;
  const { app, since } = quarantine;
  const { now } = monitoring;
  const over = quarantineEndsAt(since) <= now;
  const daysLeft = daysLeftInQuarantine(since, now);
  const state = over ? 'CRITICAL' : 'WARNING';
  const summary = over
    ? 'was disabled by Entra ID'
    : `is quarantined by Entra ID, ${plural(daysLeft, 'day')} left`;
  const worst = worstState([token.state, state]);
  return {
    ...token,
    state: worst,
    // The worst comes first.
    summary: worst === token.state ? `${token.summary}, and ${summary}` : `${summary}, and ${token.summary}`,
    quarantine: { app, since: instant(since), daysLeft },
  };
}

function monitoredToken(
  profile: Profile,
  current: Token | null,
  { now, withinDays }: Monitoring,
): ProfileHealth {
  const none = {
    profile: profile.name,
    displayName: profile.displayName,
    quarantine: null,
    finding: findingOf(profile, current),
  };
  if (current === null) {
    const dates = { daysLeft: null, expiresAt: null, effectiveExpiresAt: null };
    return { ...none, ...dates, state: 'UNKNOWN', summary: 'has no token' };
  }
  const { expiresAt } = expiryOf(current.lifetimes);
  const effectiveEnd = effectiveEndOf(profile, current, now);
  const left = effectiveEnd - now;
  const days = Math.floor(left / dayMs);
  const known = knownEnd(effectiveEnd) !== null;
  const common = {
    ...none,
    daysLeft: known ? days : null,
    expiresAt: instant(knownEnd(expiresAt)),
    effectiveExpiresAt: instant(knownEnd(effectiveEnd)),
  };
  if (statusOf(profile, current, now) === 'undelivered') {
    const state = left <= 0 ? 'CRITICAL' : 'WARNING';
    return { ...common, state, summary: `was renewed but not delivered${earlierToken(left, known)}` };
  }
  if (left <= 0) return { ...common, state: 'CRITICAL', summary: expiredSummary(-left) };
  if (current.rejectedAt !== null) return { ...common, state: 'CRITICAL', summary: 'is rejected by Webex' };
  const summary = known ? `expires in ${plural(days, 'day')}` : 'has an unknown expiry';
  return { ...common, state: left <= withinDays * dayMs ? 'WARNING' : 'OK', summary: summary };
}

/** The end of the token that a destination still holds. */
function earlierToken(left: number, known: boolean): string {
  if (!known) return '';
  const days = Math.floor(Math.abs(left) / dayMs);
  if (left > 0) return `, and the earlier token expires in ${plural(days, 'day')}`;
  return `, and the earlier token expired ${days === 0 ? 'within the last day' : `${plural(days, 'day')} ago`}`;
}

function expiredSummary(ago: number): string {
  const days = Math.floor(ago / dayMs);
  return days === 0 ? 'expired within the last day' : `expired ${plural(days, 'day')} ago`;
}

/** The most severe state. UNKNOWN is less severe than a known problem. */
export function worstState(states: readonly MonitorState[]): MonitorState {
  const order: MonitorState[] = ['CRITICAL', 'WARNING', 'UNKNOWN', 'OK'];
  return order.find((state) => states.includes(state)) ?? 'UNKNOWN';
}

/** One line with the worst profile and the performance data, then one for each other profile that is not OK. */
export function nagiosText({ state, profiles, total, withinDays }: MonitorReport): string {
  const worst = profiles.find((each) => each.state === state);
  const name = worst === undefined ? 'no profiles' : sentence(worst);
  const more = total > 1 ? ` (${plural(total, 'profile')})` : '';
  const first = `WEBEX TOKEN ${state} - ${name}${more} | ${performanceData(profiles, total, withinDays)}`;
  const others = profiles.filter((each) => each !== worst && (each.state !== 'OK' || each.finding !== null));
  return [first, ...others.map((each) => `${each.state}: ${sentence(each)}`)].join('\n');
}

const findingTexts = {
  'other-organization': 'its token belongs to another organization',
  'not-full-admin': 'its account is not a full administrator',
} as const satisfies Record<TokenFinding, string>;

function sentence({ profile, summary, finding }: ProfileHealth): string {
  const but = finding === null ? '' : `, but ${findingTexts[finding]}`;
  return `${onOneLine(profile)} ${summary}${but}`;
}

/** `'label'=value;warn;crit` (Monitoring Plugins Development Guidelines). A range `30:` alerts below 30. */
function performanceData(profiles: readonly ProfileHealth[], total: number, withinDays: number): string {
  const taken = new Set(['profiles']);
  const days = profiles.flatMap(({ profile, daysLeft }) =>
    daysLeft === null ? [] : [`'${labelOf(profile, taken)}'=${daysLeft};${withinDays}:;0:`],
  );
  return [`profiles=${total}`, ...days].join(' ');
}

/** A unique label, because two values under one label become one graph. Without "=", and with quotes doubled. */
function labelOf(profile: string, taken: Set<string>): string {
  const label = onOneLine(profile).replaceAll('=', '_').replaceAll("'", "''");
  let unique = label;
  for (let number = 2; taken.has(unique); number += 1) {
    unique = number === 2 ? `${label} (days)` : `${label} (${number})`;
  }
  taken.add(unique);
  return unique;
}

/** Without line breaks and without the "|" that starts the performance data. */
function onOneLine(name: string): string {
  return name.replace(/[\p{Cc}|]/gu, '_');
}
