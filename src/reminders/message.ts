import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { daysLeft, type ExpirySource, expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import type { DueTrigger } from '../domain/reminder-triggers.ts';
import type { Token } from '../domain/token.ts';
import { commandLine } from '../errors/remedy.ts';
import { packageRoot } from '../package-root.ts';
import { instant } from '../text/instant.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { type Deployment, deploymentTitles } from '../webex/deployments.ts';
import { formatInstant } from './date-text.ts';

/** What a reminder says, before a channel formats it. It never contains a token. */
export interface ReminderMessage {
  /** The same for the same token, trigger and date, so that a receiver can recognize a second copy. */
  id: string;
  trigger: string;
  /** One line: what to do, and by when. */
  subject: string;
  /** The consequence, in a sentence or two. */
  summary: string;
  /** How to do it. */
  action: string;
  /** The same in a few words, for a notification. */
  shortAction: string;
  facts: { title: string; value: string }[];
  /** The mail address of the profile's contact, who gets the message too. */
  contact: string | null;
  /** For programs. */
  data: ReminderData;
}

export interface ReminderData {
  profile: string;
  deployment: Deployment;
  orgId: string | null;
  account: string | null;
  /** RFC 3339 in UTC. */
  expiresAt: string | null;
  daysLeft: number | null;
  expirySource: ExpirySource | null;
  /** The application that Entra ID has quarantined, if the message is about that. Instants as above. */
  quarantine?: {
    app: string;
    appName: string;
    since: string;
    reason: string;
    disabledAt: string;
    daysLeft: number;
  };
}

interface MessageOptions {
  profile: Profile;
  token: Token;
  due: DueTrigger;
  /** Epoch milliseconds. */
  now: number;
  /** An IANA name; the time zone of this machine if absent. */
  timeZone?: string;
}

const evidence: Record<ExpirySource, string> = {
  confirmed: 'confirmed by Webex',
  reported: 'reported by Webex at sign-in',
  documented: 'estimated: Webex has not confirmed the date',
};

export function reminderMessage({ profile, token, due, now, timeZone }: MessageOptions): ReminderMessage {
  return {
    id: messageId(token.id, due),
    trigger: due.trigger,
    ...headline(profile.name, token, { due, now, timeZone }),
    action:
      `Sign in again to get a new token: open the web app ("${commandLine(['open'])}") and press Renew, or run ` +
      `"${commandLine(['login', profile.name])}". Then update the token in Entra ID or Okta.`,
    shortAction: `Renew it: ${commandLine(['login', profile.name])}`,
    facts: [...factsOf(profile, token), ...expiryFacts(token, now, timeZone), senderFact()],
    contact: profile.contact,
    data: dataOf(profile, token, now),
  };
}

/** Which organization a token is for, and who signed in. */
export function factsOf(profile: Profile, token: Token): ReminderMessage['facts'] {
  return [
    { title: 'Organization', value: `${profile.name} (${deploymentTitles[profile.deployment]})` },
    { title: 'Organization ID', value: profile.orgId ?? 'unknown' },
    { title: 'Account', value: accountOf(token) ?? 'unknown' },
  ];
}

/** The machine and directory of the program, because the reader may not have used it for a year. */
export function senderFact(): ReminderMessage['facts'][number] {
  return { title: 'Sent from', value: `${hostname()}, ${packageRoot}` };
}

export function dataOf(profile: Profile, token: Token, now: number): ReminderData {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  return {
    profile: profile.name,
    deployment: profile.deployment,
    orgId: profile.orgId,
    account: accountOf(token),
    expiresAt: source === null ? null : instant(expiresAt),
    daysLeft: source === null ? null : daysLeft(expiresAt, now),
    expirySource: source,
  };
}

const consequence = 'Entra ID or Okta can’t create or update Webex users';

function headline(
  name: string,
  token: Token,
  { due, now, timeZone }: { due: DueTrigger; now: number; timeZone: string | undefined },
): Pick<ReminderMessage, 'subject' | 'summary'> {
  const { expiresAt } = expiryOf(token.lifetimes);
  const { short: day } = formatInstant(expiresAt, timeZone);
  if (due.trigger === 'rejected') {
    return {
      subject: `Renew the Webex token for ${name} now: Webex rejects it`,
      summary: `Webex rejects this token before its expiry date: someone reset the administrator’s access in Control Hub, or the administrator was deactivated. Since then, ${consequence}.`,
    };
  }
  if (due.trigger === 'expired') {
    return {
      subject: `Renew the Webex token for ${name} now: it expired on ${day}`,
      summary: `Since then, ${consequence}. Entra ID disables provisioning after 28 days of failures.`,
    };
  }
  const left = daysLeft(expiresAt, now);
  const remaining = left === 0 ? 'less than a day' : left === 1 ? '1 day' : `${left} days`;
  return {
    subject: `Renew the Webex token for ${name} by ${day} (${remaining} left)`,
    summary: `After that, ${consequence}.`,
  };
}

function expiryFacts(token: Token, now: number, timeZone: string | undefined): ReminderMessage['facts'] {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  const facts: ReminderMessage['facts'] = [];
  if (source !== null) {
    const title = expiresAt <= now ? 'Expired' : 'Expires';
    facts.push({ title, value: `${formatInstant(expiresAt, timeZone).full}; ${evidence[source]}` });
  }
  if (token.rejectedAt !== null) {
    facts.push({ title: 'Rejected since', value: formatInstant(token.rejectedAt, timeZone).full });
  }
  return facts;
}

function accountOf({ account }: Token): string | null {
  if (account === null) return null;
  const name = sanitizeForDisplay(account.displayName, 100);
  return account.email === null ? name : `${name}, ${sanitizeForDisplay(account.email, 254)}`;
}

export function messageId(
  tokenId: string,
  { trigger, eventAt }: { trigger: string; eventAt: number },
): string {
  return createHash('sha256').update(`${tokenId} ${trigger} ${eventAt}`).digest('hex').slice(0, 32);
}
