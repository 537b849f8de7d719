import { dayMs, disprovedAt, type ExpirySource, expiryOf, type Lifetimes } from '../../domain/lifetimes.ts';
import { minuteText, plural } from './dates.ts';

/** When a token ends, by everybody who says so, and how their words fit together. */
export interface ExpiryEvidence {
  rows: {
    source: ExpirySource;
    title: string;
    basis: string;
    instant: string | null;
    counts: boolean;
    /** Webex accepted the token after it. */
    disproved: boolean;
  }[];
  /** Where they disagree, or one is silent: what to make of it. */
  explanation: string | null;
}

const titles: Record<ExpirySource, string> = {
  confirmed: 'Confirmed by Webex',
  reported: 'Reported at sign-in',
  documented: 'Documented',
};

export function expiryEvidence(lifetimes: Lifetimes, capturedAt: number): ExpiryEvidence {
  const { source: counting } = expiryOf(lifetimes);
  const days = (instant: number) => plural(Math.round((instant - capturedAt) / dayMs), 'day');
  const basis = (source: ExpirySource): string => {
    const instant = lifetimes[source];
    if (source === 'confirmed') {
      return instant === null
        ? 'Webex gave no date for this token'
        : 'Webex’s own answer for this very token';
    }
    if (source === 'reported') {
      return instant === null
        ? 'nothing usable came with the token'
        : `came with the token: ${days(instant)}`;
    }
    return lifetimes.documented === null
      ? 'Nobody knows from which day on the guides’ 365 days count'
      : 'Cisco’s and Microsoft’s guides: 365 days';
  };
  return {
    rows: (['confirmed', 'reported', 'documented'] as const).map((source) => {
      const instant = lifetimes[source];
      return {
        source,
        title: titles[source],
        basis: basis(source),
        instant: instant === null ? null : new Date(instant).toISOString(),
        counts: source === counting,
        disproved: source === 'reported' && disprovedAt(lifetimes) !== null,
      };
    }),
    explanation: explain(lifetimes, days),
  };
}

function explain(lifetimes: Lifetimes, days: (instant: number) => string) {
  const { confirmed, reported, documented } = lifetimes;
  const disproved = disprovedAt(lifetimes);
  const differ = (one: number | null, other: number | null) =>
    one !== null && other !== null && Math.abs(one - other) > dayMs;
  const contradiction =
    'The guides contradict themselves: their text says 365 days, while the sample address beside it says expires_in=3887999, which is 45 days less a second.';
  if (confirmed !== null) {
    if (!differ(confirmed, reported) && !differ(confirmed, documented)) return null;
    return differ(reported, documented)
      ? `${contradiction} Webex itself was asked about this token, and its answer counts.`
      : 'Webex itself was asked about this token, and its answer counts.';
  }
  if (reported === null && documented === null) {
    return 'The token came alone, so nobody knows when it was captured. Its end is unknown until Webex tells it.';
  }
  if (reported === null) {
    return 'Webex did not say how long this token lives, so the guides’ 365 days are all there is to go by.';
  }
  if (disproved !== null) {
    const at = minuteText(new Date(disproved).toISOString());
    return `Webex still accepted this token on ${at}, after the end that came with it (${days(reported)}). So that end was wrong, and the documented one counts; each daily check asks again.`;
  }
  if (!differ(reported, documented)) return null;
  return `${contradiction} Yours came with ${days(reported)}. Nobody outside Webex knows which holds, so the earlier date counts here.`;
}
