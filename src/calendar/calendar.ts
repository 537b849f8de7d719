import { createHash } from 'node:crypto';
import ical, { foldLines, ICalAlarmType, ICalEventTransparency } from 'ical-generator';
import { dayMs, expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import { thresholdsOf } from '../domain/reminder-triggers.ts';
import type { Token } from '../domain/token.ts';
import { formatInstant } from '../reminders/date-text.ts';

/** A profile with the token whose end goes into the calendar. */
export interface CalendarEntry {
  profile: Profile;
  token: Token;
}

/** How long the entry is in the calendar, so that every calendar shows it. Milliseconds. */
const lengthMs = 30 * 60_000;

function emptyCalendar() {
  // Without METHOD, which would want an ORGANIZER in each entry (RFC 5546 §3.2.1): nobody is invited to anything.
  return ical({
    name: 'Webex tokens',
    prodId: { company: 'webex-token-broker', product: 'webex-token', language: 'EN' },
    // How often whoever subscribes to it asks again. Seconds.
    ttl: 6 * 3600,
  });
}

const calendarEnd = 'END:VCALENDAR';

/** The lines of an iCalendar file (RFC 5545) before its first entry, and after its last one. */
export function calendarFrame(): { head: string; foot: string } {
  return { head: emptyCalendar().toString().replace(calendarEnd, ''), foot: `${calendarEnd}\r\n` };
}

/** What an entry says, in short: another digest means that calendars have to take it for a newer one. */
export function entryDigest(entry: CalendarEntry, days: readonly number[]): string {
  return createHash('sha256')
    .update(JSON.stringify(contentOf(entry, days)))
    .digest('base64url')
    .slice(0, 22);
}

/**
 * The entry for the end of a token, with an alarm at each of the reminder days. Its UID is that of the profile, so that
 * a renewal moves the entry in place of adding one. `changedAt`: since when it says this. Epoch milliseconds.
 */
export function calendarEvent(entry: CalendarEntry, days: readonly number[], changedAt: number): string {
  const { summary, description, expiresAt, alarms } = contentOf(entry, days);
  const event = emptyCalendar().createEvent({
    id: `${entry.profile.id}@webex-token`,
    sequence: sequenceAt(changedAt),
    stamp: new Date(changedAt),
    lastModified: new Date(changedAt),
    start: new Date(expiresAt),
    end: new Date(expiresAt + lengthMs),
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

function contentOf({ profile, token }: CalendarEntry, days: readonly number[]) {
  const { name } = profile;
  const { expiresAt } = expiryOf(token.lifetimes);
  return {
    summary: `Webex token of ${name} expires`,
    description: describe(profile, token, expiresAt),
    expiresAt,
    alarms: thresholdsOf({ ...token, expiresAt }, days).map((left) => ({
      days: left,
      text: `Webex token of ${name}: ${left === 0 ? 'it ends now' : `${left} day${left === 1 ? '' : 's'} left`}`,
    })),
  };
}

function describe(profile: Profile, token: Token, expiresAt: number): string {
  const { account } = token;
  return [
    `Renew it before then: run "webex-token login ${profile.name}", or open the web app with "webex-token open" and press Renew.`,
    'Then replace it wherever it is pasted, such as in Entra ID or Okta.',
    '',
    `Organization: ${profile.orgId ?? 'not known yet'}`,
    `Account that signed in: ${account?.email ?? account?.displayName ?? 'not known'}`,
    `It ends at ${formatInstant(expiresAt, 'UTC').full}.`,
  ].join('\n');
}

/** Calendars take the entry with the higher number for the newer one. Seconds since 2020: 31 bits last until 2088. */
function sequenceAt(changedAt: number): number {
  return Math.max(0, Math.floor((changedAt - Date.UTC(2020, 0, 1)) / 1000));
}
