import { createHash } from 'node:crypto';
import { dayMs, daysLeft, type ExpirySource, expiryOf, knownEnd } from '../domain/lifetimes.ts';
import { type Profile, profileTitle } from '../domain/profile.ts';
import { effectiveEndOf } from '../domain/profile-status.ts';
import { anyProvider, type ProviderId, providerTitle } from '../domain/providers.ts';
import type { DueTrigger } from '../domain/reminder-triggers.ts';
import type { Token } from '../domain/token.ts';
import { commandLine } from '../errors/remedy.ts';
import type { Destination } from '../store/destinations.ts';
import { plural } from '../text/count.ts';
import { instant } from '../text/instant.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { type Deployment, deploymentTitles } from '../webex/deployments.ts';
import { formatInstant } from './date-text.ts';
import { senderFact, startStep } from './instructions.ts';

/** The content of a reminder, before a channel formats it. It never contains a token. */
export interface ReminderMessage {
  /** An ID that is the same for the same token, trigger and date, so that a receiver can recognize a second copy. */
  id: string;
  trigger: string;
  /** The display name of the organization. */
  organization: string;
  /** One line: what to do, and by when. */
  subject: string;
  /** The consequence, in a sentence or two. */
  summary: string;
  /** How to do it. */
  action: string;
  /** Step-by-step instructions, starting with how to start this program. Absent if `action` is sufficient. */
  steps?: readonly string[];
  /** An alternative for a terminal. */
  alternative?: string;
  /** The page of the web app for it; absent if there is none. */
  link?: string;
  /** The action in a few words, for a notification. */
  shortAction: string;
  facts: { title: string; value: string }[];
  /** The email address of the profile's contact, who also gets the message. */
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
  /** When the first of the tokens expires that destinations still have; otherwise `expiresAt`. */
  effectiveExpiresAt: string | null;
  /** Until `effectiveExpiresAt`. */
  daysLeft: number | null;
  expirySource: ExpirySource | null;
  /** The destinations that still have an earlier token, if the message is about that. */
  outdatedDestinations?: { provider: ProviderId; app: string; appName: string }[];
  /** The application that Entra ID has quarantined, if the message is about that. Instants as above. */
  quarantine?: {
    app: string;
    appName: string;
    since: string;
    reason: string;
    disabledAt: string;
    daysLeft: number;
  };
  /** The renewal hook that failed, if the message is about that. */
  hook?: { error: string; failingSince: string };
}

/** A destination that still has an earlier token than the current one. */
export type OutdatedDestination = Pick<Destination, 'provider' | 'appId' | 'appName' | 'method'>;

interface MessageOptions {
  profile: Profile;
  token: Token;
  /** Not empty if the profile was renewed, but not delivered. */
  outdated?: readonly OutdatedDestination[];
  /** The known places where the token is used. */
  destinations?: readonly Pick<Destination, 'provider' | 'appName' | 'via'>[];
  /** The address of the web app, without a path. */
  origin: string;
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

export function reminderMessage(options: MessageOptions): ReminderMessage {
  const { profile, token, outdated = [], destinations = [], origin, due, now, timeZone } = options;
  if (outdated.length > 0) return undeliveredMessage({ ...options, outdated });
  const link = linkTo(origin, profile);
  const usedIn = destinations.map(titleOf);
  const account = accountOf(token);
  const isAlwaysCurrent = destinations.length > 0 && destinations.every(({ via }) => via !== 'token');
  const gets = usedIn.length === 1 ? 'gets' : 'get';
  return {
    id: messageId(token.id, due),
    trigger: due.trigger,
    organization: profileTitle(profile),
    ...headline(profileTitle(profile), token, {
      due,
      now,
      timeZone,
      usedIn,
      providers: destinations.map(({ provider }) => provider),
    }),
    action:
      `Sign in again to get a new token: open the web app ("${commandLine(['open'])}") and select Renew, or run ` +
      `"${commandLine(['login', profile.name])}". ${isAlwaysCurrent ? `${listed(usedIn)} ${gets} it automatically.` : `Then update the token in ${usedIn.length === 0 ? anyProvider('or') : listed(usedIn)}.`}`,
    steps: [
      startStep(),
      `In the browser that opens on that computer, go to ${link}, select Renew, and sign in to Webex as ${account === null ? 'a full administrator' : `${account}, or another full administrator`}.`,
      isAlwaysCurrent
        ? `There is nothing else to do: ${listed(usedIn)} ${gets} the new token automatically.`
        : usedIn.length === 0
          ? `Put the new token wherever the old one was pasted, such as ${anyProvider('or')}. The page shows how.`
          : `On the next page, select Update, so that ${listed(usedIn)} ${gets} the new token.`,
    ],
    alternative: `Or do all of this in that terminal: ${commandLine(['login', profile.name, ...(usedIn.length === 0 || isAlwaysCurrent ? [] : ['--push'])])}`,
    link,
    shortAction: `Renew it: ${commandLine(['login', profile.name])}`,
    facts: [
      ...factsOf(profile, token),
      ...expiryFacts(token, now, timeZone),
      {
        title: 'Used in',
        value: usedIn.length === 0 ? 'unknown (no destination is recorded)' : usedIn.join(', '),
      },
      senderFact(),
    ],
    contact: profile.contact,
    data: dataOf(profile, token, now),
  };
}

/** The message about a token that was renewed while these destinations still have an earlier one. */
function undeliveredMessage({
  profile,
  token,
  outdated,
  origin,
  due,
  now,
  timeZone,
}: MessageOptions & { outdated: readonly OutdatedDestination[] }): ReminderMessage {
  const { name } = profile;
  const title = profileTitle(profile);
  const end = effectiveEndOf(profile, token, now);
  const places = listed(outdated.map(titleOf));
  const verb = outdated.length === 1 ? 'holds' : 'hold';
  const { short, full } = formatInstant(end, timeZone);
  const captured = formatInstant(token.capturedAt, timeZone).day;
  const cannot = outdated.length === 1 ? 'it can’t' : 'they can’t';
  const isOver = end <= now;
  const commands = outdated.map(({ provider }) => `"${commandLine(['push', provider, name])}"`);
  const guides = 'or open the web app and follow the organization’s guide';
  return {
    id: messageId(token.id, due),
    trigger: due.trigger,
    organization: title,
    subject: isOver
      ? `Deliver the Webex token for ${title} to ${places} now: the earlier token stopped working on ${short}`
      : `Deliver the Webex token for ${title} to ${places} by ${short} (${remainingText(end, now)} left)`,
    summary:
      `The token was renewed on ${captured}, but ${places} still ${verb} an earlier one. ` +
      (isOver
        ? `It stopped working on ${short}: since then, ${cannot} create or update Webex users.`
        : `After ${short}, ${cannot} create or update Webex users.`) +
      providerConsequences(
        outdated.map(({ provider }) => provider),
        end,
        timeZone,
      ),
    action: `Deliver the new token. No one has to sign in to Webex. Run ${[...new Set(commands)].join(' and ')}, ${guides} ("${commandLine(['open'])}").`,
    steps: [
      startStep(),
      `In the browser that opens on that computer, go to ${linkTo(origin, profile)} and select Update. No one has to sign in to Webex.`,
    ],
    alternative: `Or do it in that terminal: ${[...new Set(outdated.map(({ provider }) => commandLine(['push', provider, name])))].join(' and ')}`,
    link: linkTo(origin, profile),
    shortAction: `Deliver it: ${commandLine(['push', outdated[0]?.provider ?? 'entra', name])}`,
    facts: [
      ...factsOf(profile, token),
      { title: 'Renewed, not delivered to', value: outdated.map(titleOf).join(', ') },
      { title: isOver ? 'Earlier token expired' : 'Earlier token expires', value: full },
      ...expiryFacts(token, now, timeZone).map((fact) => ({
        ...fact,
        title: `New token ${fact.title.toLowerCase()}`,
      })),
      senderFact(),
    ],
    contact: profile.contact,
    data: {
      ...dataOf(profile, token, now),
      outdatedDestinations: outdated.map(({ provider, appId, appName }) => ({
        provider,
        app: appId,
        appName,
      })),
    },
  };
}

/** A link that works only on the computer where the program runs. */
export function linkTo(origin: string, { name }: Pick<Profile, 'name'>): string {
  return `${origin}/profiles/${name}`;
}

function titleOf({ provider, appName }: Pick<OutdatedDestination, 'provider' | 'appName'>): string {
  return `${providerTitle(provider)} (${sanitizeForDisplay(appName, 100)})`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function remainingText(end: number, now: number): string {
  const left = daysLeft(end, now);
  return left === 0 ? 'less than a day' : plural(left, 'day');
}

/** Which organization a token is for, and who signed in. */
export function factsOf(profile: Profile, token: Token): ReminderMessage['facts'] {
  return [
    { title: 'Organization', value: `${profileTitle(profile)} (${deploymentTitles[profile.deployment]})` },
    { title: 'Organization ID', value: profile.orgId ?? 'unknown' },
    { title: 'Account', value: accountOf(token) ?? 'unknown' },
  ];
}

export function dataOf(profile: Profile, token: Token, now: number): ReminderData {
  const { expiresAt, source } = expiryOf(token.lifetimes);
  const effectiveEnd = knownEnd(effectiveEndOf(profile, token, now));
  return {
    profile: profile.name,
    deployment: profile.deployment,
    orgId: profile.orgId,
    account: accountOf(token),
    expiresAt: source === null ? null : instant(expiresAt),
    effectiveExpiresAt: instant(effectiveEnd),
    daysLeft: effectiveEnd === null ? null : daysLeft(effectiveEnd, now),
    expirySource: source,
  };
}

/** Entra ID disables provisioning after this many days of failures [MicrosoftDocs/entra-docs, quarantine status]. */
const daysUntilDisabled = 28;

/** The consequences at each provider if it cannot use the token from this time on (epoch milliseconds). */
function providerConsequences(
  providers: readonly ProviderId[],
  from: number,
  timeZone: string | undefined,
): string {
  const sentences = {
    entra: ` Entra ID disables provisioning after ${daysUntilDisabled} days of failures, about ${formatInstant(from + daysUntilDisabled * dayMs, timeZone).short}.`,
    okta: ' Okta lists failed changes under Tasks and in its System Log. Retry them there after the update.',
  };
  return [...new Set(providers)].map((provider) => sentences[provider]).join('');
}

function consequenceOf(usedIn: readonly string[]): string {
  return `${usedIn.length === 0 ? anyProvider('or') : listed(usedIn)} can’t create or update Webex users`;
}

function headline(
  name: string,
  token: Token,
  {
    due,
    now,
    timeZone,
    usedIn,
    providers,
  }: {
    due: DueTrigger;
    now: number;
    timeZone: string | undefined;
    usedIn: readonly string[];
    providers: readonly ProviderId[];
  },
): Pick<ReminderMessage, 'subject' | 'summary'> {
  const { expiresAt } = expiryOf(token.lifetimes);
  const { short: day } = formatInstant(expiresAt, timeZone);
  const consequence = consequenceOf(usedIn);
  // If no destination is recorded, any provider may use the token.
  const after = (from: number) =>
    providerConsequences(providers.length === 0 ? ['entra'] : providers, from, timeZone);
  if (due.trigger === 'rejected') {
    return {
      subject: `Renew the Webex token for ${name} now: Webex rejects it`,
      summary: `Webex rejects this token before its expiry date. Someone may have reset the administrator’s access in Control Hub, or deactivated the administrator. Since then, ${consequence}.${after(token.rejectedAt ?? due.eventAt)}`,
    };
  }
  if (due.trigger === 'expired') {
    return {
      subject: `Renew the Webex token for ${name} now: it expired on ${day}`,
      summary: `Since then, ${consequence}.${after(expiresAt)}`,
    };
  }
  return {
    subject: `Renew the Webex token for ${name} by ${day} (${remainingText(expiresAt, now)} left)`,
    summary: `After that, ${consequence}.${after(expiresAt)}`,
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
