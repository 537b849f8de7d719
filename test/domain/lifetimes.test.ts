import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dayMs,
  daysLeft,
  expiryOf,
  knownEnd,
  lifetimesAtCapture,
  unknownEnd,
  unknownLifetimes,
} from '../../src/domain/lifetimes.ts';
import { statusOf } from '../../src/domain/profile-status.ts';
import { fakeToken } from '../support/store/fake-rows.ts';

const capturedAt = Date.UTC(2027, 2, 1);
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
const maybe = fc.option(instant);

describe('until when a token is good', () => {
  test('as the sample of the guides has it: 45 days less a second, which is earlier than 365 days', () => {
    const lifetimes = lifetimesAtCapture(capturedAt, 3887999);
    expect(expiryOf(lifetimes)).toEqual({ expiresAt: capturedAt + 45 * dayMs - 1000, source: 'reported' });
  });

  test.each([null, 365 * 86_400, 400 * 86_400])('reported %j seconds: 365 days hold', (seconds) => {
    expect(expiryOf(lifetimesAtCapture(capturedAt, seconds))).toEqual({
      expiresAt: capturedAt + 365 * dayMs,
      source: 'documented',
    });
  });

  test('Webex’s own answer goes before all others, later or earlier', () => {
    fc.assert(
      fc.property(instant, maybe, maybe, maybe, (confirmed, reported, documented, acceptedAt) => {
        expect(expiryOf({ confirmed, reported, documented, acceptedAt })).toEqual({
          expiresAt: confirmed,
          source: 'confirmed',
        });
      }),
    );
  });

  test('without it, nothing is later than the documented end, and it is one of the known ends', () => {
    fc.assert(
      fc.property(maybe, instant, maybe, (reported, documented, acceptedAt) => {
        const { expiresAt, source } = expiryOf({ confirmed: null, reported, documented, acceptedAt });
        expect(expiresAt).toBeLessThanOrEqual(documented);
        expect(expiresAt).toBe(source === 'reported' ? reported : documented);
      }),
    );
  });

  test('what was reported is disproved by an acceptance after it, and by nothing else', () => {
    fc.assert(
      fc.property(instant, fc.nat(), instant, (reported, more, acceptedAt) => {
        const lifetimes = { confirmed: null, reported, documented: reported + 1 + more, acceptedAt };
        expect(expiryOf(lifetimes).source).toBe(acceptedAt >= reported ? 'documented' : 'reported');
      }),
    );
  });

  test('the end of a token that nobody said anything about is unknown', () => {
    const expiry = expiryOf(unknownLifetimes);
    expect(expiry).toEqual({ expiresAt: unknownEnd, source: null });
    expect(knownEnd(expiry.expiresAt)).toBeNull();
    expect(knownEnd(0)).toBe(0);
  });
});

describe('days left', () => {
  test.each([
    [30 * dayMs, 30],
    [30 * dayMs - 1, 29],
    [dayMs - 1, 0],
    [1, 0],
    [0, 0],
    [-1, -1],
    [-dayMs, -1],
    [-dayMs - 1, -2],
  ])('%i ms are %i', (left, days) => {
    expect(daysLeft(capturedAt + left, capturedAt)).toBe(days);
  });

  test('rounded down, always', () => {
    fc.assert(
      fc.property(instant, instant, (expiresAt, now) => {
        const days = daysLeft(expiresAt, now);
        expect(Number.isInteger(days)).toBe(true);
        expect(days * dayMs).toBeLessThanOrEqual(expiresAt - now);
        expect((days + 1) * dayMs).toBeGreaterThan(expiresAt - now);
      }),
    );
  });
});

describe('how a profile stands', () => {
  const at = (expiresAt: number, rejectedAt: number | null = null) =>
    fakeToken({ lifetimes: { confirmed: expiresAt, reported: null, documented: null }, rejectedAt });

  test.each([
    ['empty', null],
    ['valid', at(capturedAt + 30 * dayMs + 1)],
    ['expiring', at(capturedAt + 30 * dayMs)],
    ['expiring', at(capturedAt + 1)],
    ['expired', at(capturedAt)],
    ['expired', at(capturedAt - 1, 5)],
    ['rejected', at(capturedAt + 30 * dayMs + 1, 5)],
    ['rejected', at(capturedAt + 1, 5)],
  ] as const)('%s', (status, token) => {
    expect(statusOf(token, capturedAt)).toBe(status);
  });

  test('time alone only ever leads from valid to expiring to expired', () => {
    const order = ['valid', 'expiring', 'expired'];
    fc.assert(
      fc.property(instant, instant, fc.nat(), (expiresAt, now, later) => {
        const before = order.indexOf(statusOf(at(expiresAt), now));
        expect(order.indexOf(statusOf(at(expiresAt), now + later))).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});
