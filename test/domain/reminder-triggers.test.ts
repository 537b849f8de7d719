import { describe, expect, it } from 'vitest';
import { daysLeft, documentedLifetimeMs } from '../../src/domain/lifetimes.ts';
import {
  defaultReminderDays,
  dueTriggerAt,
  firstReminderCheckAt,
  isProfileEvent,
  nextTriggerAt,
  reminderDates,
  type TokenDates,
  thresholdsOf,
  urgencyOf,
} from '../../src/domain/reminder-triggers.ts';
import { days, today } from '../support/reminders/reminder-fixtures.ts';

const yearly: TokenDates = { capturedAt: today, expiresAt: today + documentedLifetimeMs, rejectedAt: null };
const triggerAt = (token: TokenDates, now: number) => dueTriggerAt(token, defaultReminderDays, now)?.trigger;

describe('reminder triggers', () => {
  it('use a yearly token that expires on 2028-02-29', () => {
    expect(new Date(yearly.expiresAt).toISOString()).toBe('2028-02-29T00:00:00.000Z');
  });

  it('are due at the instant when the displayed number of days left changes', () => {
    for (const threshold of defaultReminderDays) {
      const instant = yearly.expiresAt - days(threshold + 1) + 1;
      expect(daysLeft(yearly.expiresAt, instant)).toBe(threshold);
      expect(daysLeft(yearly.expiresAt, instant - 1)).toBe(threshold + 1);
      expect(triggerAt(yearly, instant)).toBe(`${threshold}`);
      expect(triggerAt(yearly, instant - 1)).not.toBe(`${threshold}`);
    }
    expect(triggerAt(yearly, yearly.expiresAt - 1)).toBe('0');
    expect(triggerAt(yearly, yearly.expiresAt)).toBe('expired');
    expect(triggerAt(yearly, yearly.expiresAt - days(61))).toBeUndefined();
  });

  it('follow each other to the millisecond', () => {
    let now = today;
    const seen: string[] = [];
    for (;;) {
      const next = nextTriggerAt(yearly, defaultReminderDays, now);
      if (next === null) break;
      expect(triggerAt(yearly, next - 1)).not.toBe(triggerAt(yearly, next));
      seen.push(triggerAt(yearly, next) ?? 'nothing');
      now = next;
    }
    expect(seen).toEqual(['60', '30', '14', '7', '3', '1', '0', 'expired']);
  });

  describe('thresholdsOf', () => {
    it.each([
      [3_887_999, [30, 14, 7, 3, 1, 0]],
      [1_209_599, [7, 3, 1, 0]],
      [43_199, [0]],
      [31_536_000, [60, 30, 14, 7, 3, 1, 0]],
    ])('leaves out thresholds longer than a life of %i seconds', (seconds, expected) => {
      const token = { ...yearly, expiresAt: today + seconds * 1000 };
      expect(thresholdsOf(token, defaultReminderDays)).toEqual(expected);
    });
  });

  it('include a threshold as long as the life of the token', () => {
    expect(thresholdsOf({ ...yearly, expiresAt: today + days(30) }, [30])).toEqual([30]);
    expect(thresholdsOf({ ...yearly, expiresAt: today + days(30) - 1 }, [30])).toEqual([]);
  });

  it('count a rejection at the instant of the expiry as the expiry', () => {
    expect(triggerAt({ ...yearly, rejectedAt: yearly.expiresAt }, yearly.expiresAt)).toBe('expired');
    expect(triggerAt({ ...yearly, rejectedAt: yearly.expiresAt - 1 }, yearly.expiresAt)).toBe('rejected');
  });

  it('put a rejection before every date, but not after the expiry', () => {
    const rejected = { ...yearly, rejectedAt: today + days(10) };
    expect(triggerAt(rejected, today + days(11))).toBe('rejected');
    expect(nextTriggerAt(rejected, defaultReminderDays, today + days(11))).toBeNull();
    expect(triggerAt({ ...yearly, rejectedAt: yearly.expiresAt + 5 }, yearly.expiresAt + 10)).toBe('expired');
  });
});

describe('reminderDates', () => {
  const earlier = today + days(20);

  it('are those of the token if every destination holds it', () => {
    expect(reminderDates(yearly, { undeliveredUntil: null }, today)).toBe(yearly);
  });

  it('are the end of the earlier token while a destination holds one, with every threshold', () => {
    const dates = reminderDates(yearly, { undeliveredUntil: earlier }, today);
    expect(dates).toEqual({ capturedAt: 0, expiresAt: earlier, rejectedAt: null });
    expect(triggerAt(dates, today)).toBe('30');
  });

  it('are those of a token that is rejected, or has expired', () => {
    const rejected = { ...yearly, rejectedAt: today };
    expect(reminderDates(rejected, { undeliveredUntil: earlier }, today)).toBe(rejected);
    expect(reminderDates(yearly, { undeliveredUntil: earlier }, yearly.expiresAt)).toBe(yearly);
    expect(reminderDates(yearly, { undeliveredUntil: earlier }, yearly.expiresAt - 1)).not.toBe(yearly);
  });
});

describe('urgencyOf', () => {
  it('puts a rejection first, then the expiry, then fewer days', () => {
    const sorted = ['30', 'rejected', '0', 'expired', '7'].sort((a, b) => urgencyOf(a) - urgencyOf(b));
    expect(sorted).toEqual(['rejected', 'expired', '0', '7', '30']);
  });

  it('is NaN for other events', () => {
    for (const event of ['renewed', 'hook-failed']) expect(urgencyOf(event)).toBeNaN();
  });
});

describe('isProfileEvent', () => {
  it('recognizes events that are not reminders', () => {
    const events = ['renewed', 'hook-failed', 'expired', 'rejected', '30', ''].filter(isProfileEvent);
    expect(events).toEqual(['renewed', 'hook-failed']);
  });
});

describe('firstReminderCheckAt', () => {
  const checkAt = (expiresAt: number, rejectedAt: number | null, now = today) => {
    const lifetimes = { confirmed: expiresAt, reported: null, documented: null };
    return firstReminderCheckAt({ capturedAt: today, lifetimes, rejectedAt }, defaultReminderDays, now);
  };

  it('is the first threshold of a token without a due reminder', () => {
    expect(checkAt(yearly.expiresAt, null)).toBe(yearly.expiresAt - days(61) + 1);
  });

  it('is 0 if a reminder is due already', () => {
    expect(checkAt(yearly.expiresAt, null, yearly.expiresAt - days(10))).toBe(0);
    expect(checkAt(yearly.expiresAt, null, yearly.expiresAt)).toBe(0);
    expect(checkAt(yearly.expiresAt, today)).toBe(0);
  });
});
