import ical, { ICalAlarmType, ICalCalendarMethod, ICalEventTransparency } from 'ical-generator';
import { dayMs, expiryOf } from '../tokens/lifetimes.ts';
import type { Profile } from '../tokens/profile.ts';
import type { Token } from '../tokens/token.ts';
import { instantText } from './instants.ts';
import { thresholdsOf } from './occasions.ts';

/** A profile with the token whose end goes into the calendar. */
export interface CalendarEntry {
  profile: Profile;
  token: Token;
}

/** How long the entry is in the calendar, so that every calendar shows it. Milliseconds. */
const lengthMs = 30 * 60_000;

/**
 * An iCalendar file (RFC 5545) with the end of each token, and an alarm at each of the reminder days. An entry's UID is
 * that of its profile, so that a renewal moves the entry in place of adding one.
 */
export function calendarText(entries: readonly CalendarEntry[], days: readonly number[]): string {
  const calendar = ical({
    name: 'Webex tokens',
    prodId: { company: 'webex-token-broker', product: 'webex-token', language: 'EN' },
    method: ICalCalendarMethod.PUBLISH,
    // How often whoever subscribes to it asks again. Seconds.
    ttl: 6 * 3600,
  });
  for (const { profile, token } of entries) {
    const { expiresAt } = expiryOf(token.lifetimes);
    const reminded = { ...token, expiresAt };
    const event = calendar.createEvent({
      id: `${profile.id}@webex-token`,
      sequence: sequenceOf(token),
      stamp: new Date(changedAt(token)),
      start: new Date(expiresAt),
      end: new Date(expiresAt + lengthMs),
      summary: `Webex token of ${profile.name} expires`,
      description: describe(profile, token, expiresAt),
      transparency: ICalEventTransparency.TRANSPARENT,
    });
    for (const each of thresholdsOf(reminded, days)) {
      event.createAlarm({
        type: ICalAlarmType.display,
        trigger: (each * dayMs) / 1000,
        description: `Webex token of ${profile.name}: ${each === 0 ? 'it ends now' : `${each} day${each === 1 ? '' : 's'} left`}`,
      });
    }
  }
  return calendar.toString();
}

function describe(profile: Profile, token: Token, expiresAt: number): string {
  const { account } = token;
  return [
    `Renew it before then: run "webex-token login ${profile.name}", or open the web app with "webex-token open" and press Renew.`,
    'Then replace it wherever it is pasted, such as in Entra ID or Okta.',
    '',
    `Organization: ${profile.orgId ?? 'not known yet'}`,
    `Account that signed in: ${account?.email ?? account?.displayName ?? 'not known'}`,
    `It ends at ${instantText(expiresAt, 'UTC').full}.`,
  ].join('\n');
}

/** When what the entry says last changed, as far as that is known. Epoch milliseconds. */
function changedAt(token: Token): number {
  return Math.max(token.capturedAt, token.verifiedAt ?? 0);
}

/**
 * Calendars take the entry with the higher number for the newer one. It grows with every capture, and once more where
 * Webex has confirmed the date: minutes since 2020, twice, which a 32-bit number holds until the year 4061.
 */
function sequenceOf({ capturedAt, lifetimes }: Token): number {
  const minutes = Math.max(0, Math.floor((capturedAt - Date.UTC(2020, 0, 1)) / 60_000));
  return 2 * minutes + (lifetimes.confirmed === null ? 0 : 1);
}
