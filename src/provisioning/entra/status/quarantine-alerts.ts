import { dayMs } from '../../../domain/lifetimes.ts';
import { type ProfileStatus, tokenStatus } from '../../../domain/profile-status.ts';
import { daysLeftInQuarantine, quarantineEndsAt } from '../../../domain/quarantine.ts';
import { commandLine } from '../../../errors/remedy.ts';
import type { Alert, AlertSource } from '../../../reminders/alert.ts';
import { formatInstant } from '../../../reminders/date-text.ts';
import { senderFact, startStep } from '../../../reminders/instructions.ts';
import { dataOf, factsOf, messageId, type ReminderMessage } from '../../../reminders/message.ts';
import { type Destination, type Quarantined, quarantinedDestinations } from '../../../store/destinations.ts';
import { profileById } from '../../../store/profiles/profiles.ts';
import { tokenById } from '../../../store/profiles/tokens.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { parseStatus, quarantineReason } from './provisioning-status.ts';

/** Alerts about the quarantines that the last status checks found. */
export function quarantineAlertSource(context: StoreContext, timeZone?: string): AlertSource {
  return { currentAlerts: () => quarantineAlerts(context, timeZone) };
}

/** Entra ID tries again within a day of a quarantine. Milliseconds. */
const longestPauseMs = 2 * dayMs;

/**
 * A profile whose token was renewed after the quarantine started is left out: someone is working on it. An application that
 * needs nothing after a renewal is left out until its next attempt is over.
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
  { db, now }: StoreContext,
  { destination, quarantinedSince: since }: Quarantined,
  tokenId: string,
  timeZone: string | undefined,
): Promise<ReminderMessage> {
  const token = await tokenById(db, tokenId);
  if (token === null) throw new Error('the token was removed in the meantime');
  const profile = await profileById(db, token.profileId);
  const { name } = profile;
  const { appId, appName, statusCheckedAt } = destination;
  const quarantine = parseStatus(destination.provisioningStatus)?.quarantine ?? null;
  const why = quarantine === null ? 'unknown' : quarantineReason(quarantine);
  const left = daysLeftInQuarantine(since, now());
  const ends = quarantineEndsAt(since);
  const over = ends <= now();
  const days = left === 1 ? '1 day' : `${left} days`;
  const text = (instant: number) => formatInstant(instant, timeZone);
  const remedy = remedyFor(name, {
    status: tokenStatus(token, now()),
    isUpToDate: destination.via !== 'token' || destination.tokenId === tokenId,
    via: destination.via,
    reason: quarantine?.reason ?? null,
  });
  return {
    id: messageId(tokenId, { trigger: `quarantine ${destination.id}`, eventAt: since }),
    trigger: 'quarantine',
    organization: name,
    subject: over
      ? `Restart provisioning for ${name}: Entra ID disabled it on ${text(ends).short}`
      : `Fix provisioning for ${name} by ${text(ends).short}: quarantined by Entra ID (${days} left)`,
    summary: over
      ? `Entra ID disabled "${appName}" after 28 days in quarantine, since ${text(since).day}. It can’t create or update Webex users.`
      : `Entra ID quarantined "${appName}" on ${text(since).day}: it retries less and less often, and hardly creates or updates Webex users. On ${text(ends).day} it disables provisioning.`,
    ...remedy,
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
      { title: 'Start the web app', value: startStep() },
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

/** What to do, by the reason of the quarantine. */
function remedyFor(
  name: string,
  state: { status: ProfileStatus; isUpToDate: boolean; via: Destination['via']; reason: string | null },
): Pick<ReminderMessage, 'action' | 'shortAction'> {
  const push =
    state.via === 'token'
      ? commandLine(['push', 'entra', name])
      : commandLine(['push', 'entra', name, '--via', state.via]);
  if ((state.status === 'expired' || state.status === 'rejected') && state.via !== 'token') {
    const login = commandLine(['login', name]);
    return {
      action: `The token no longer works. Get a new one: open the web app ("${commandLine(['open'])}") and press Renew, or run "${login}". There is nothing to change in Entra ID: it picks up the new token automatically, and its next attempt ends the quarantine.`,
      shortAction: `Renew the token: ${login}`,
    };
  }
  if (state.status === 'expired' || state.status === 'rejected') {
    const login = commandLine(['login', name, '--push']);
    return {
      action: `The token no longer works. Get a new one: open the web app ("${commandLine(['open'])}") and press Renew, or run "${login}", which also updates it in Entra ID.`,
      shortAction: `Renew the token: ${login}`,
    };
  }
  if (state.reason !== null && state.reason !== 'EncounteredQuarantineException') {
    return {
      action: `The token is not the cause. Fix what Entra ID reports: in its admin center, open this application under Enterprise applications, then Provisioning and its logs. Then restart provisioning there, or run "${push}", which ends the quarantine.`,
      shortAction: 'Check the provisioning logs in Entra ID.',
    };
  }
  if (state.via !== 'token') {
    return {
      action: `Entra ID does not reach Webex through this server. Check that the server runs, and that its address can be reached from Entra ID over https. To set the address and a new secret there, run "${push}": Entra ID tests them first, and a test that passes ends the quarantine.`,
      shortAction: `Check that Entra ID reaches this server, then: ${push}`,
    };
  }
  const outdated = state.isUpToDate ? '' : 'Entra ID still uses a previous token. ';
  return {
    action: `${outdated}Send the current token to Entra ID again: run "${push}", or do it in the web app ("${commandLine(['open'])}"). Entra ID tests it first, and a test that passes ends the quarantine.`,
    shortAction: `Send the token to Entra ID again: ${push}`,
  };
}
