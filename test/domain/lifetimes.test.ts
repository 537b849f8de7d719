import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dayMs,
  daysLeft,
  disprovedAt,
  expiryOf,
  knownEnd,
  lifetimesAtCapture,
  unknownEnd,
  unknownLifetimes,
} from '../../src/domain/lifetimes.ts';
import { tokenStatus } from '../../src/domain/profile-status.ts';
import { fakeToken } from '../support/store/fake-rows.ts';

const capturedAt = Date.UTC(2027, 2, 1);
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
const maybe = fc.option(instant);

describe('expiryOf', () => {
  it('uses a reported expiry that is earlier than the documented 365 days', () => {
    const lifetimes = lifetimesAtCapture(capturedAt, 3887999);
    expect(expiryOf(lifetimes)).toEqual({ expiresAt: capturedAt + 45 * dayMs - 1000, source: 'reported' });
  });

  it.each([null, 365 * 86_400, 400 * 86_400])(
    'uses the documented 365 days if %j seconds are reported',
    (seconds) => {
      expect(expiryOf(lifetimesAtCapture(capturedAt, seconds))).toEqual({
        expiresAt: capturedAt + 365 * dayMs,
        source: 'documented',
      });
    },
  );

  it('prefers the date that Webex confirms to all others', () => {
    fc.assert(
      fc.property(instant, maybe, maybe, maybe, (confirmed, reported, documented, acceptedAt) => {
        expect(expiryOf({ confirmed, reported, documented, acceptedAt })).toEqual({
          expiresAt: confirmed,
          source: 'confirmed',
        });
      }),
    );
  });

  it('returns a known date not later than the documented one if Webex confirms none', () => {
    fc.assert(
      fc.property(maybe, instant, maybe, (reported, documented, acceptedAt) => {
        const { expiresAt, source } = expiryOf({ confirmed: null, reported, documented, acceptedAt });
        expect(expiresAt).toBeLessThanOrEqual(documented);
        expect(expiresAt).toBe(source === 'reported' ? reported : documented);
      }),
    );
  });

  it('ignores a reported expiry only if Webex accepted the token afterwards', () => {
    fc.assert(
      fc.property(instant, fc.nat(), instant, (reported, more, acceptedAt) => {
        const lifetimes = { confirmed: null, reported, documented: reported + 1 + more, acceptedAt };
        expect(expiryOf(lifetimes).source).toBe(acceptedAt >= reported ? 'documented' : 'reported');
      }),
    );
  });

  it('uses a reported expiry alone, until Webex accepts the token after it', () => {
    const reported = capturedAt + dayMs;
    const alone = { confirmed: null, reported, documented: null };
    expect(expiryOf({ ...alone, acceptedAt: reported - 1 })).toEqual({
      expiresAt: reported,
      source: 'reported',
    });
    expect(expiryOf({ ...alone, acceptedAt: reported })).toEqual({ expiresAt: unknownEnd, source: null });
    expect(disprovedAt({ ...alone, acceptedAt: null })).toBeNull();
  });

  it('returns an unknown end without any date', () => {
    const expiry = expiryOf(unknownLifetimes);
    expect(expiry).toEqual({ expiresAt: unknownEnd, source: null });
    expect(knownEnd(expiry.expiresAt)).toBeNull();
    expect(knownEnd(0)).toBe(0);
  });
});

describe('daysLeft', () => {
  it.each([
    [30 * dayMs, 30],
    [30 * dayMs - 1, 29],
    [dayMs - 1, 0],
    [1, 0],
    [0, 0],
    [-1, -1],
    [-dayMs, -1],
    [-dayMs - 1, -2],
  ])('counts %i ms as %i days', (left, days) => {
    expect(daysLeft(capturedAt + left, capturedAt)).toBe(days);
  });

  it('always rounds down', () => {
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

describe('tokenStatus', () => {
  const at = (expiresAt: number, rejectedAt: number | null = null) =>
    fakeToken({ lifetimes: { confirmed: expiresAt, reported: null, documented: null }, rejectedAt });

  it.each([
    ['empty', null],
    ['valid', at(capturedAt + 30 * dayMs + 1)],
    ['expiring', at(capturedAt + 30 * dayMs)],
    ['expiring', at(capturedAt + 1)],
    ['expired', at(capturedAt)],
    ['expired', at(capturedAt - 1, 5)],
    ['rejected', at(capturedAt + 30 * dayMs + 1, 5)],
    ['rejected', at(capturedAt + 1, 5)],
  ] as const)('returns %s', (status, token) => {
    expect(tokenStatus(token, capturedAt)).toBe(status);
  });

  it('changes with time only from valid to expiring to expired', () => {
    const order = ['valid', 'expiring', 'expired'];
    fc.assert(
      fc.property(instant, instant, fc.nat(), (expiresAt, now, later) => {
        const before = order.indexOf(tokenStatus(at(expiresAt), now));
        expect(order.indexOf(tokenStatus(at(expiresAt), now + later))).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});

describe('disprovedAt', () => {
  it.each([
    ['the date on which Webex accepted the token later', { reported: 10, acceptedAt: 11 }, 11],
    ['the same instant', { reported: 10, acceptedAt: 10 }, 10],
    ['null if Webex accepted it only earlier', { reported: 10, acceptedAt: 9 }, null],
    ['null if Webex confirms a date', { confirmed: 20, reported: 10, acceptedAt: 11 }, null],
    ['null if no date was reported', { acceptedAt: 11 }, null],
    ['null if Webex did not accept the token', { reported: 10, acceptedAt: null }, null],
    ['null before Webex was asked', { reported: 10 }, null],
  ])('returns %s', (_, dates, expected) => {
    expect(disprovedAt({ ...unknownLifetimes, ...dates })).toBe(expected);
  });
});
