import { createHash } from 'node:crypto';
import { daysLeft, type ExpirySource, expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import type { DueTrigger } from '../domain/reminder-triggers.ts';
import type { Token } from '../domain/token.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { type Deployment, deploymentTitles } from '../webex/deployments.ts';
import { formatInstant } from './date-text.ts';

/** What a reminder says, before a channel gives it its form. It never holds a token. */
export interface ReminderMessage {
  /** The same for the same token, trigger and date: a second copy of a message can be told by it. */
  id: string;
  trigger: string;
  /** One line. */
  subject: string;
  /** What it is about, in a sentence or two. */
  summary: string;
  /** The one thing to do. */
  action: string;
  /** The same where there is room for a few words only. */
  shortAction: string;
  facts: { title: string; value: string }[];
  /** Whoever looks after the profile is told too, where that is known: a mail address. */
  contact: string | null;
  /** For programs. */
  data: {
    profile: string;
    deployment: Deployment;
    orgId: string | null;
    account: string | null;
    /** RFC 3339 in UTC. */
    expiresAt: string | null;
    daysLeft: number | null;
    expirySource: ExpirySource | null;
    /** The application that Entra ID has put in quarantine, where it is about that. Instants as above. */
    quarantine?: {
      app: string;
      appName: string;
      since: string;
      reason: string;
      disabledAt: string;
      daysLeft: number;
    };
  };
}

interface About {
  profile: Profile;
  token: Token;
  reached: DueTrigger;
  /** Epoch milliseconds. */
  now: number;
  /** IANA name; this machine's own where absent. */
  timeZone?: string;
}

const basis: Record<ExpirySource, string> = {
  confirmed: 'confirmed by Webex for this very token',
  reported: 'reported when it was captured',
  documented: '365 days from its capture, as the guides document',
};

export function reminderMessage({ profile, token, reached, now, timeZone }: About): ReminderMessage {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  const ends = formatInstant(expiresAt, timeZone);
  const left = daysLeft(expiresAt, now);
  const { subject, summary } = words(reached, profile.name, left, ends.day);
  const action =
    `Sign in once more to get a new token: run "webex-token login ${profile.name}", or open the web app with ` +
    '"webex-token open" and press Renew. Then replace the token wherever it is pasted, such as in Entra ID or Okta.';
  return {
    id: idOf(token.id, reached),
    trigger: reached.trigger,
    subject,
    summary,
    action,
    shortAction: `Renew it with: webex-token login ${profile.name}`,
    facts: [
      ...factsOf(profile, token),
      ...(source === null
        ? []
        : [{ title: left < 0 ? 'Expired' : 'Expires', value: `${ends.full}; ${basis[source]}` }]),
      ...(token.rejectedAt === null
        ? []
        : [{ title: 'Rejected since', value: formatInstant(token.rejectedAt, timeZone).full }]),
    ],
    contact: profile.contact,
    data: dataOf(profile, token, now),
  };
}

/** Whose token it is, for a person. */
export function factsOf(profile: Profile, token: Token): ReminderMessage['facts'] {
  return [
    { title: 'Profile', value: `${profile.name} (${deploymentTitles[profile.deployment]})` },
    { title: 'Organization', value: profile.orgId ?? 'not known yet' },
    { title: 'Account that signed in', value: accountOf(token) ?? 'not known' },
  ];
}

/** The same for programs, and when the token ends. */
export function dataOf(profile: Profile, token: Token, now: number): ReminderMessage['data'] {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  return {
    profile: profile.name,
    deployment: profile.deployment,
    orgId: profile.orgId,
    account: accountOf(token),
    expiresAt: source === null ? null : new Date(expiresAt).toISOString(),
    daysLeft: source === null ? null : daysLeft(expiresAt, now),
    expirySource: source,
  };
}

function words(
  { trigger }: DueTrigger,
  name: string,
  left: number,
  day: string,
): { subject: string; summary: string } {
  if (trigger === 'rejected') {
    return {
      subject: `Webex no longer accepts the token of ${name}`,
      summary:
        'Webex rejects this token ahead of its date: somebody has reset the administrator’s access in Control Hub, or the administrator was deactivated. Provisioning with it has stopped.',
    };
  }
  if (trigger === 'expired') {
    return {
      subject: `The Webex token of ${name} has expired`,
      summary: `It ended on ${day}. Provisioning with it has stopped; Entra ID gives up on a job for good after 28 days.`,
    };
  }
  const when = left === 0 ? 'within a day' : left === 1 ? 'in 1 day' : `in ${left} days`;
  return {
    subject: `The Webex token of ${name} expires ${when}`,
    summary: `It ends on ${day}. From then on users are no longer provisioned to Webex.`,
  };
}

function accountOf({ account }: Token): string | null {
  if (account === null) return null;
  const name = sanitizeForDisplay(account.displayName, 100);
  return account.email === null ? name : `${name}, ${sanitizeForDisplay(account.email, 254)}`;
}

export function idOf(tokenId: string, { trigger, eventAt }: { trigger: string; eventAt: number }): string {
  return createHash('sha256').update(`${tokenId} ${trigger} ${eventAt}`).digest('hex').slice(0, 32);
}
