import { hostname } from 'node:os';
import { appOrigin } from '../../../config/settings.ts';
import { dayMs } from '../../../domain/lifetimes.ts';
import { profileTitle } from '../../../domain/profile.ts';
import { type ProfileStatus, tokenStatus } from '../../../domain/profile-status.ts';
import { daysLeftInQuarantine, quarantineEndsAt } from '../../../domain/quarantine.ts';
import { commandLine } from '../../../errors/remedy.ts';
import type { Alert, AlertSource } from '../../../reminders/alert.ts';
import { formatInstant } from '../../../reminders/date-text.ts';
import { senderFact, startStep } from '../../../reminders/instructions.ts';
import { dataOf, factsOf, linkTo, messageId, type ReminderMessage } from '../../../reminders/message.ts';
import { type Destination, type Quarantined, quarantinedDestinations } from '../../../store/destinations.ts';
import { profileById } from '../../../store/profiles/profiles.ts';
import { tokenById } from '../../../store/profiles/tokens.ts';
import { plural } from '../../../text/count.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { parseStatus, quarantineReason } from './provisioning-status.ts';

/** Alerts about the quarantines that the last status checks found. */
export function quarantineAlertSource(context: StoreContext, timeZone?: string): AlertSource {
  return { currentAlerts: () => quarantineAlerts(context, timeZone) };
}

/** Entra ID tries again within a day of a quarantine. Milliseconds. */
const longestPauseMs = 2 * dayMs;

/**
 * Leaves out a profile whose token was renewed after the quarantine started, because someone is working on it. Leaves out an
 * application that picks up renewed tokens automatically until its next attempt has ended.
 */
async function quarantineAlerts(context: StoreContext, timeZone?: string): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const quarantined of await quarantinedDestinations(context.db)) {
    const { destination, currentTokenId, capturedAt, quarantinedSince } = quarantined;
    if (currentTokenId === null || capturedAt === null) continue;
    const attempted = destination.via === 'token' || context.now() < capturedAt + longestPauseMs;
    if (capturedAt > quarantinedSince && attempted) continue;
    alerts.push({
      tokenId: currentTokenId,
      trigger: 'quarantine',
      destinationId: destination.id,
      eventAt: quarantinedSince,
      message: () => quarantineMessage(context, quarantined, currentTokenId, timeZone),
    });
  }
  return alerts;
}

async function quarantineMessage(
  { db, settings, now }: StoreContext,
  { destination, quarantinedSince: since }: Quarantined,
  tokenId: string,
  timeZone: string | undefined,
): Promise<ReminderMessage> {
  const token = await tokenById(db, tokenId);
  if (token === null) throw new Error('the token was removed in the meantime');
  const profile = await profileById(db, token.profileId);
  const { name } = profile;
  const title = profileTitle(profile);
  const { appId, appName, statusCheckedAt } = destination;
  const quarantine = parseStatus(destination.provisioningStatus)?.quarantine ?? null;
  const why = quarantine === null ? 'unknown' : quarantineReason(quarantine);
  const left = daysLeftInQuarantine(since, now());
  const ends = quarantineEndsAt(since);
  const over = ends <= now();
  const days = plural(left, 'day');
  const text = (instant: number) => formatInstant(instant, timeZone);
  const link = linkTo(appOrigin(settings), profile);
  const remedy = remedyFor(name, {
    link,
    appName,
    status: tokenStatus(token, now()),
    isUpToDate: destination.via !== 'token' || destination.tokenId === tokenId,
    via: destination.via,
    reason: quarantine?.reason ?? null,
  });
  return {
    id: messageId(tokenId, { trigger: `quarantine ${destination.id}`, eventAt: since }),
    trigger: 'quarantine',
    organization: title,
    subject: over
      ? `Restart provisioning for ${title}: Entra ID disabled it on ${text(ends).short}`
      : `Fix provisioning for ${title} by ${text(ends).short}: quarantined by Entra ID (${days} left)`,
    summary: over
      ? `Entra ID disabled "${appName}" after 28 days in quarantine, since ${text(since).day}. Until someone restarts it, Entra ID doesn’t create or update Webex users.`
      : `Entra ID quarantined "${appName}" on ${text(since).day}. It retries less and less often, so it hardly creates or updates Webex users. If no one fixes this, Entra ID disables provisioning on ${text(ends).day}.`,
    ...remedy,
    link,
    facts: [
      ...factsOf(profile, token),
      { title: 'Application', value: `${appName} (${appId})` },
      { title: 'Quarantined since', value: text(since).full },
      { title: 'Reason', value: why },
      {
        title: over ? 'Disabled' : 'Disabled on',
        value: `${text(ends).full}${over ? '' : `; ${days} left`}`,
      },
      ...(statusCheckedAt === null ? [] : [{ title: 'Last checked', value: text(statusCheckedAt).full }]),
      senderFact(),
    ],
    contact: profile.contact,
    data: {
      ...dataOf(profile, token, now()),
      quarantine: {
        app: appId,
        appName,
        since: text(since).iso,
        reason: quarantine?.reason ?? 'Unknown',
        disabledAt: text(ends).iso,
        daysLeft: left,
      },
    },
  };
}

interface RemedyInput {
  link: string;
  appName: string;
  status: ProfileStatus;
  isUpToDate: boolean;
  via: Destination['via'];
  reason: string | null;
}

type QuarantineRemedy = Pick<ReminderMessage, 'action' | 'steps' | 'alternative' | 'shortAction'>;

/** What to do, depending on the reason for the quarantine. */
function remedyFor(name: string, input: RemedyInput): QuarantineRemedy {
  if (input.status === 'expired' || input.status === 'rejected') return renewRemedy(name, input);
  const { link, appName, via, isUpToDate, reason } = input;
  const push = ['push', 'entra', name, ...(via === 'token' ? [] : ['--via', via])];
  const command = commandLine(push);
  if (reason !== null && reason !== 'EncounteredQuarantineException') {
    const logs = `in the Entra admin center, open “${appName}” under Enterprise applications, then Provisioning and its logs`;
    return {
      action: `The token is not the cause. Fix what Entra ID reports: ${logs}. Then restart provisioning there, or run "${command}", which ends the quarantine.`,
      steps: [
        `The token is not the cause. To find it, ${logs}. Fix what they report.`,
        'Restart provisioning there, which ends the quarantine.',
      ],
      alternative: `Or restart it from a terminal on the computer ${hostname()}: ${commandLine(push)}`,
      shortAction: 'Check the provisioning logs in Entra ID.',
    };
  }
  if (via !== 'token') {
    return {
      action: `Entra ID does not reach Webex through this server. Check that the server is running, and that Entra ID can reach its address over https. To set the address and a new secret in Entra ID, run "${command}": Entra ID tests them first, and a test that passes ends the quarantine.`,
      steps: [
        `Entra ID does not reach Webex through the server on the computer ${hostname()}. Check that the server is running, and that Entra ID can reach its address over https.`,
        `To set the address and a new secret in Entra ID, run there: ${commandLine(push)}. Entra ID tests them first, and a test that passes ends the quarantine.`,
      ],
      shortAction: `Check that Entra ID reaches this server, then: ${command}`,
    };
  }
  const outdated = isUpToDate ? '' : 'Entra ID still uses a previous token. ';
  const tested = 'Entra ID tests it first. If the test passes, the quarantine ends.';
  return {
    action: `${outdated}Send the current token to Entra ID again: run "${command}", or do it in the web app ("${commandLine(['open'])}"). ${tested}`,
    steps: [
      startStep(),
      `${outdated}In the browser that opens on that computer, go to ${link}, open Entra ID, and send the token again. ${tested}`,
    ],
    alternative: `Or do it in that terminal: ${commandLine(push)}`,
    shortAction: `Send the token to Entra ID again: ${command}`,
  };
}

/** The token no longer works. */
function renewRemedy(name: string, { link, via }: RemedyInput): QuarantineRemedy {
  const isCurrent = via !== 'token';
  const login = ['login', name, ...(isCurrent ? [] : ['--push'])];
  const after = isCurrent
    ? 'There is nothing to change in Entra ID: it picks up the new token automatically, and its next attempt ends the quarantine.'
    : 'On the next page, select Update to send the new token to Entra ID. If its test passes, the quarantine ends.';
  return {
    action: `The token no longer works. Get a new one: open the web app ("${commandLine(['open'])}") and select Renew, or run "${commandLine(login)}"${isCurrent ? `. ${after}` : ', which also updates it in Entra ID.'}`,
    steps: [
      startStep(),
      `In the browser that opens on that computer, go to ${link}, select Renew, and sign in to Webex as a full administrator, because the token no longer works.`,
      after,
    ],
    alternative: `Or do all of this in that terminal: ${commandLine(login)}`,
    shortAction: `Renew the token: ${commandLine(login)}`,
  };
}
