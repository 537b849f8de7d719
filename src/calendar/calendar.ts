import { createHash } from 'node:crypto';
import ical, { foldLines, ICalAlarmType, ICalEventTransparency } from 'ical-generator';
import { dayMs, expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import { anyProvider } from '../domain/providers.ts';
import { reminderDates, thresholdsOf } from '../domain/reminder-triggers.ts';
import type { Token } from '../domain/token.ts';
import { commandLine } from '../errors/remedy.ts';
import { formatInstant } from '../reminders/date-text.ts';
import { plural } from '../text/count.ts';

/** A profile with the token whose expiry goes into the calendar. */
export interface CalendarEntry {
  profile: Profile;
  token: Token;
}

/** How long an event lasts, because some calendars do not show one without a duration. Milliseconds. */
const eventLengthMs = 30 * 60_000;

function emptyCalendar() {
  // Without METHOD, which would require an ORGANIZER in each entry (RFC 5546 §3.2.1): these are not invitations.
  return ical({
    name: 'Webex tokens',
    prodId: { company: 'webex-token-broker', product: 'webex-token', language: 'EN' },
    // How often subscribers refresh it. Seconds.
    ttl: 6 * 3600,
  });
}

const calendarEnd = 'END:VCALENDAR';

/** The lines of an iCalendar file (RFC 5545) before its first entry, and after its last one. */
export function calendarFrame(): { head: string; foot: string } {
  return { head: emptyCalendar().toString().replace(calendarEnd, ''), foot: `${calendarEnd}\r\n` };
}

/** A digest of what an entry says: if it changes, calendars must see a newer version of the entry. */
export function entryDigest(entry: CalendarEntry, days: readonly number[]): string {
  return createHash('sha256')
    .update(JSON.stringify(contentOf(entry, days)))
    .digest('base64url')
    .slice(0, 22);
}

/** The expiry of the token, or the effective end while a destination holds an earlier one. Epoch milliseconds. */
export function entryInstant({ profile, token }: CalendarEntry): number {
  return profile.undeliveredUntil ?? expiryOf(token.lifetimes).expiresAt;
}

/**
 * The entry for the expiry of a token, with an alarm on each of the reminder days. Its UID comes from the profile, so that a
 * renewal moves the entry and does not add another. `changedAt` is when its content last changed. Epoch milliseconds.
 */
export function calendarEvent(entry: CalendarEntry, days: readonly number[], changedAt: number): string {
  const { summary, description, expiresAt, alarms } = contentOf(entry, days);
  const event = emptyCalendar().createEvent({
    id: `${entry.profile.id}@webex-token`,
    sequence: sequenceAt(changedAt),
    stamp: new Date(changedAt),
    lastModified: new Date(changedAt),
    start: new Date(expiresAt),
    end: new Date(expiresAt + eventLengthMs),
    summary,
    description,
    transparency: ICalEventTransparency.TRANSPARENT,
  });
  for (const alarm of alarms) {
    event.createAlarm({
      type: ICalAlarmType.display,
      trigger: (alarm.days * dayMs) / 1000,
      description: alarm.text,
    });
  }
  return foldLines(event.toString());
}

function contentOf(entry: CalendarEntry, days: readonly number[]) {
  const { profile, token } = entry;
  const { name } = profile;
  const expiresAt = entryInstant(entry);
  const isUndelivered = profile.undeliveredUntil !== null;
  const dates = reminderDates({ ...token, expiresAt: expiryOf(token.lifetimes).expiresAt }, profile, 0);
  const verb = isUndelivered ? 'Deliver' : 'Renew';
  return {
    summary: isUndelivered
      ? `Webex token for ${name}: renewed, not delivered`
      : `Webex token for ${name} expires`,
    description: describe(profile, token, expiresAt),
    expiresAt,
    alarms: thresholdsOf(dates, days).map((left) => ({
      days: left,
      text: `${verb} the Webex token for ${name}: ${left === 0 ? 'it expires now' : `${plural(left, 'day')} left`}`,
    })),
  };
}

function describe(profile: Profile, token: Token, expiresAt: number): string {
  const { account } = token;
  const steps =
    profile.undeliveredUntil === null
      ? [
          `Renew it before then: open the web app ("${commandLine(['open'])}") and press Renew, or run "${commandLine(['login', profile.name])}".`,
          `Then update it in ${anyProvider('or')}.`,
        ]
      : [
          `It was renewed, but ${anyProvider('or')} still holds an earlier token, which ends then. Deliver the new one: open the web app ("${commandLine(['open'])}"). To see where: "${commandLine(['show', profile.name])}".`,
        ];
  return [
    ...steps,
    '',
    `Organization: ${profile.orgId ?? 'unknown'}`,
    `Account: ${account?.email ?? account?.displayName ?? 'unknown'}`,
    `${profile.undeliveredUntil === null ? 'Expires' : 'Earlier token expires'}: ${formatInstant(expiresAt, 'UTC').full}`,
  ].join('\n');
}

/** Calendars treat the entry with the higher number as the newer one. Seconds since 2020: 31 bits last until 2088. */
function sequenceAt(changedAt: number): number {
  return Math.max(0, Math.floor((changedAt - Date.UTC(2020, 0, 1)) / 1000));
}
