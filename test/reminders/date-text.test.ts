import { describe, expect, it } from 'vitest';
import { formatInstant } from '../../src/reminders/date-text.ts';

describe('the text of a date', () => {
  it.each([
    // Half an hour before New York's clocks go forward, and half an hour after.
    ['America/New_York', '2027-03-14T06:30:00Z', 'Sunday 14 March 2027 at 01:30 GMT-5 (06:30 UTC)'],
    ['America/New_York', '2027-03-14T07:30:00Z', 'Sunday 14 March 2027 at 03:30 GMT-4 (07:30 UTC)'],
    // Lord Howe's summer time is half an hour.
    [
      'Australia/Lord_Howe',
      '2027-04-03T14:00:00Z',
      'Sunday 4 April 2027 at 01:00 GMT+11 (14:00 UTC, Saturday 3 April 2027)',
    ],
    [
      'Australia/Lord_Howe',
      '2027-04-03T16:00:00Z',
      'Sunday 4 April 2027 at 02:30 GMT+10:30 (16:00 UTC, Saturday 3 April 2027)',
    ],
    // Kiritimati is a day ahead of most.
    [
      'Pacific/Kiritimati',
      '2028-02-28T10:00:00Z',
      'Tuesday 29 February 2028 at 00:00 GMT+14 (10:00 UTC, Monday 28 February 2028)',
    ],
    ['UTC', '2028-02-29T00:00:00Z', 'Tuesday 29 February 2028 at 00:00 UTC'],
  ])('is in the time zone %s: %s', (zone, instant, expected) => {
    expect(formatInstant(Date.parse(instant), zone).full).toBe(expected);
  });
});
