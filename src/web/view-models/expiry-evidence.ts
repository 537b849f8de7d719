import { dayMs, disprovedAt, type ExpirySource, expiryOf, type Lifetimes } from '../../domain/lifetimes.ts';
import { plural } from '../../text/count.ts';
import { instant } from '../../text/instant.ts';
import { minuteText } from './dates.ts';

/** The expiry dates of a token by source, and an explanation if they differ. */
export interface ExpiryEvidence {
  rows: {
    source: ExpirySource;
    title: string;
    basis: string;
    instant: string | null;
    /** The date that this app uses. */
    inEffect: boolean;
    /** Webex accepted the token after this date. */
    disproved: boolean;
  }[];
  /** How to interpret the dates if they differ or one is missing. */
  explanation: string | null;
}

const titles: Record<ExpirySource, string> = {
  confirmed: 'Confirmed by Webex',
  reported: 'Reported at sign-in',
  documented: 'Documented',
};

export function expiryEvidence(lifetimes: Lifetimes, capturedAt: number): ExpiryEvidence {
  const { source: sourceInEffect } = expiryOf(lifetimes);
  const days = (end: number) => plural(Math.round((end - capturedAt) / dayMs), 'day');
  const basis = (source: ExpirySource): string => {
    const end = lifetimes[source];
    if (source === 'confirmed') {
      return end === null
        ? 'Webex has not reported a date for this token'
        : 'Reported by Webex for this token';
    }
    if (source === 'reported') {
      return end === null
        ? 'No usable value in the sign-in response'
        : `In the sign-in response: ${days(end)}`;
    }
    return lifetimes.documented === null
      ? 'Unknown when the documented 365 days started'
      : 'Cisco’s and Microsoft’s guides: 365 days';
  };
  return {
    rows: (['confirmed', 'reported', 'documented'] as const).map((source) => {
      return {
        source,
        title: titles[source],
        basis: basis(source),
        instant: instant(lifetimes[source]),
        inEffect: source === sourceInEffect,
        disproved: source === 'reported' && disprovedAt(lifetimes) !== null,
      };
    }),
    explanation: explain(lifetimes, days),
  };
}

function explain(lifetimes: Lifetimes, days: (end: number) => string) {
  const { confirmed, reported, documented } = lifetimes;
  const disproved = disprovedAt(lifetimes);
  const differ = (one: number | null, other: number | null) =>
    one !== null && other !== null && Math.abs(one - other) > dayMs;
  const contradiction =
    'The guides are inconsistent: the text says 365 days, but the sample URL contains expires_in=3887999, which is 45 days minus one second.';
  if (confirmed !== null) {
    if (!differ(confirmed, reported) && !differ(confirmed, documented)) return null;
    return differ(reported, documented)
      ? `${contradiction} Webex confirmed the date for this token, so that date is used.`
      : 'Webex confirmed the date for this token, so that date is used.';
  }
  if (reported === null && documented === null) {
    return 'Only the token was imported, so it is not known when it was issued. Its expiry date is unknown until Webex confirms it.';
  }
  if (reported === null) {
    return 'Webex did not report a lifetime for this token, so the documented 365 days are used.';
  }
  if (disproved !== null) {
    const at = minuteText(instant(disproved));
    return `Webex still accepted this token on ${at}, after the reported expiry date (${days(reported)}). The reported date is therefore wrong, and the documented one is used. The token is checked with Webex every day.`;
  }
  if (!differ(reported, documented)) return null;
  return `${contradiction} The sign-in response for this token says ${days(reported)}. It is not known which is right, so the earlier date is used.`;
}
