import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { plural } from '../../src/text/count.ts';
import { dateText, timeLeftText } from '../../src/web/view-models/dates.ts';
import { expiryEvidence } from '../../src/web/view-models/expiry-evidence.ts';
import { expiryView } from '../../src/web/view-models/expiry-view.ts';

const at = Date.UTC(2027, 2, 1);
const inDays = (days: number) => at + days * dayMs;
const documented = inDays(365);
const acceptedOn = dateText(new Date(inDays(46)).toISOString());

describe('the evidence for an expiry', () => {
  it.each([
    [
      'only the documented lifetime',
      { confirmed: null, reported: null, documented },
      'documented',
      /^Webex did not report a lifetime/,
    ],
    [
      'contradicting lifetimes',
      { confirmed: null, reported: inDays(45) - 1000, documented },
      'reported',
      /inconsistent.*for this token says 45 days/,
    ],
    [
      'contradicting lifetimes with a confirmed date',
      { confirmed: documented, reported: inDays(45), documented },
      'confirmed',
      /inconsistent.*that date is used/,
    ],
    [
      'another confirmed date',
      { confirmed: inDays(90), reported: null, documented },
      'confirmed',
      /^Webex confirmed the date/,
    ],
    [
      'a reported date after which Webex accepted the token',
      { confirmed: null, reported: inDays(45), documented, acceptedAt: inDays(46) },
      'documented',
      new RegExp(
        `^Webex still accepted this token on ${acceptedOn} .*\\(45 days\\).*reported date is therefore wrong`,
      ),
    ],
    [
      'a confirmed and a reported date that agree',
      { confirmed: documented, reported: documented - 1000, documented },
      'confirmed',
      null,
    ],
    [
      'a reported and a documented date that agree',
      { confirmed: null, reported: documented - 1000, documented },
      'reported',
      null,
    ],
  ])('contains the right sources: %s', (_what, lifetimes, inEffect, explanation) => {
    const evidence = expiryEvidence(lifetimes, at);
    expect(evidence.rows.filter((row) => row.inEffect).map(({ source }) => source)).toEqual([inEffect]);
    expect(evidence.rows.map(({ disproved }) => disproved)).toEqual([
      false,
      'acceptedAt' in lifetimes,
      false,
    ]);
    if (explanation === null) expect(evidence.explanation).toBeNull();
    else expect(evidence.explanation).toMatch(explanation);
  });

  it('the time left is shown in whole days', () => {
    expect([365, 2, 1, 0, -1, -2, -3].map(timeLeftText)).toEqual([
      '365 days left',
      '2 days left',
      '1 day left',
      'less than a day left',
      'expired less than a day ago',
      'expired 1 day ago',
      'expired 2 days ago',
    ]);
    expect(plural(1, 'day')).toBe('1 day');
  });

  it('a rejected token has no time left, regardless of its date', () => {
    const life = { capturedAt: new Date(at).toISOString(), expiresAt: new Date(documented).toISOString() };
    expect(expiryView('rejected', life, at)).toMatchObject({
      percentLeft: 0,
      timeLeft: 'no longer accepted',
    });
    expect(expiryView('valid', life, inDays(73))).toMatchObject({
      percentLeft: 80,
      timeLeft: '292 days left',
    });
    expect(expiryView('empty', { capturedAt: null, expiresAt: null }, at)).toMatchObject({
      percentLeft: 0,
      timeLeft: '',
    });
  });
});
