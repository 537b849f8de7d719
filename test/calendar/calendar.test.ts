import ICAL from 'ical.js';
import { describe, expect, it } from 'vitest';
import { type CalendarEntry, calendarEvent, calendarFrame } from '../../src/calendar/calendar.ts';
import { calendarPieces } from '../../src/calendar/entries.ts';
import {
  calendarFeed,
  calendarFeedCreatedAt,
  createCalendarFeed,
  removeCalendarFeed,
} from '../../src/calendar/feed.ts';
import { defaultReminderDays } from '../../src/domain/reminder-triggers.ts';
import type { Token } from '../../src/domain/token.ts';
import { setProfileName, setProfileOrganization } from '../../src/store/profiles/profiles.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { acme, capture, days, today } from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';

const profile = fakeProfile({ id: 'profile-1', name: 'acme', orgId: '00000000-1111-4222-8333-444444444444' });

function tokenUntil(expiresAt: number, changes: Partial<Token> = {}): Token {
  const capturedAt = expiresAt - days(365);
  const lifetimes = { confirmed: null, reported: null, documented: expiresAt };
  return fakeToken({ profileId: profile.id, capturedAt, lifetimes, ...changes });
}

function calendarText(entries: CalendarEntry[], wanted: readonly number[]): string {
  const { head, foot } = calendarFrame();
  return head + entries.map((entry) => calendarEvent(entry, wanted, today)).join('') + foot;
}

async function textOf(pieces: AsyncIterable<string> | null): Promise<string> {
  let text = '';
  for await (const piece of pieces ?? []) text += piece;
  return text;
}

/** The events as an independent parser reads them. */
function readBack(text: string): ICAL.Event[] {
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
}

function only(token: Token, wanted = defaultReminderDays): ICAL.Event {
  const [event, ...more] = readBack(calendarText([{ profile, token }], wanted));
  expect(more).toEqual([]);
  if (event === undefined) throw new Error('no event');
  return event;
}

describe('calendarEvent', () => {
  it('returns an entry that an independent parser reads: the expiry in UTC, with an alarm on each of the days', () => {
    const end = Date.UTC(2028, 1, 29, 12, 34, 56);
    const event = only(tokenUntil(end));
    expect(event.uid).toBe('profile-1@webex-token');
    expect(event.startDate.toJSDate().getTime()).toBe(end);
    expect(event.startDate.zone.tzid).toBe('UTC');
    expect(event.endDate.toJSDate().getTime()).toBeGreaterThan(end);
    expect(event.summary).toBe('Webex token for acme expires');
    expect(event.description).toContain('webex-token login acme');
    expect(event.description).toContain('Tuesday 29 February 2028 at 12:34 UTC');
    const alarms = event.component.getAllSubcomponents('valarm').map((alarm) => {
      expect(alarm.getFirstPropertyValue('action')).toBe('DISPLAY');
      expect(alarm.getFirstPropertyValue('description')).toContain('acme');
      return (alarm.getFirstPropertyValue('trigger') as ICAL.Duration).toSeconds() / 86_400;
    });
    expect(alarms.map(Math.abs)).toEqual(expect.arrayContaining(defaultReminderDays));
    expect(alarms).toHaveLength(defaultReminderDays.length);
  });

  it('ends every line with CR LF within 75 bytes', () => {
    const token = tokenUntil(today, {
      account: {
        id: 'p',
        displayName: 'Ada',
        email: `${'ä'.repeat(90)}@acme.example`,
        orgId: 'o',
        admin: 'full',
      },
    });
    const text = calendarText([{ profile, token }], defaultReminderDays);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(readBack(text)[0]?.description).toContain('ä'.repeat(90));
  });

  it('has no METHOD, because the entries are not invitations', () => {
    expect(calendarText([{ profile, token: tokenUntil(today) }], [30])).not.toMatch(/^(METHOD|ORGANIZER)/m);
  });

  it('sets no alarm before the token was captured', () => {
    const token = tokenUntil(today + days(10), { capturedAt: today });
    expect(only(token).component.getAllSubcomponents('valarm')).toHaveLength(4);
  });

  it('cannot be made to start a new line by an account name', () => {
    const account = {
      id: 'p',
      displayName: 'Eve\r\nATTACH:http://evil.example',
      email: null,
      orgId: 'o',
      admin: 'full' as const,
    };
    const text = calendarText([{ profile, token: tokenUntil(today, { account }) }], []);
    expect(text).not.toMatch(/^ATTACH/m);
  });
});

describe('calendarPieces', () => {
  const numbersOf = (event: ICAL.Event) => ({
    sequence: event.sequence,
    stamp: String(event.component.getFirstPropertyValue('dtstamp')),
    modified: String(event.component.getFirstPropertyValue('last-modified')),
  });

  type Records = Awaited<ReturnType<typeof acme>>;
  const changes: [string, (records: Records, token: Token) => Promise<unknown>][] = [
    ['a renewal', (records) => capture(records, today + days(1))],
    ['another name', ({ db, profile: { id } }) => setProfileName(db, id, 'globex')],
    ['another organization', ({ db, profile: { id } }) => setProfileOrganization(db, id, 'other')],
    [
      'a confirmed expiry',
      ({ db }, { id, lifetimes }) =>
        updateToken(db, id, { lifetimes: { ...lifetimes, confirmed: today + days(45) } }),
    ],
    [
      'another account',
      ({ db }, { id, account }) =>
        updateToken(db, id, account === null ? {} : { account: { ...account, email: 'grace@acme.example' } }),
    ],
    [
      'other reminder days',
      async ({ settings }) => {
        settings.reminders.days = [30, 0];
      },
    ],
    [
      'another name, while the clock is set back',
      async (records) => {
        records.setNow(today - days(400));
        await setProfileName(records.db, records.profile.id, 'globex');
      },
    ],
  ];

  it.each(changes)('increases SEQUENCE under the same UID after %s', async (_, change) => {
    const records = await acme();
    const token = await capture(records, today);
    const read = async () => {
      const [event] = readBack(await textOf(calendarPieces(records)));
      if (event === undefined) throw new Error('no event');
      return event;
    };
    const before = await read();
    records.setNow(today + days(2));
    // Verified again without a new result: the entry does not change.
    await updateToken(records.db, token.id, { verifiedAt: today + days(2) });
    expect(numbersOf(await read())).toEqual(numbersOf(before));
    await change(records, token);
    const after = await read();
    expect(after.uid).toBe(before.uid);
    expect(after.sequence).toBeGreaterThan(before.sequence);
    expect(after.sequence).toBeLessThan(2 ** 31);
    expect(numbersOf(after).stamp > numbersOf(before).stamp).toBe(true);
    expect(numbersOf(after).modified).toBe(numbersOf(after).stamp);
  });
});

describe('calendarFeed', () => {
  it('is available with its secret until that is replaced or removed', async () => {
    const records = await acme();
    await capture(records, today);
    expect(await calendarFeedCreatedAt(records)).toBeNull();
    const secret = await createCalendarFeed(records, { user: 'ada' });
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(readBack(await textOf(await calendarFeed(records, secret)))).toHaveLength(1);
    expect(await calendarFeed(records, `${secret}x`)).toBeNull();
    expect(await calendarFeed(records, '')).toBeNull();
    expect(JSON.stringify(await records.db.selectFrom('calendar_feed').selectAll().execute())).not.toContain(
      secret,
    );

    const other = await createCalendarFeed(records, { user: 'ada' });
    expect(await calendarFeed(records, secret)).toBeNull();
    expect(await calendarFeed(records, other)).not.toBeNull();
    expect(await calendarFeedCreatedAt(records)).toBe(today);
    await removeCalendarFeed(records, { user: 'ada' });
    expect(await calendarFeed(records, other)).toBeNull();
    const { length } = await records.db.selectFrom('audit').select('seq').execute();
    expect(length).toBe(3);
  });
});
