import { type ProfileStatus, statusOf } from '../../../domain/profile-status.ts';
import { daysLeftInQuarantine, quarantineEndsAt } from '../../../domain/quarantine.ts';
import type { Alert } from '../../../reminders/alert.ts';
import { formatInstant } from '../../../reminders/date-text.ts';
import { dataOf, factsOf, idOf, type ReminderMessage } from '../../../reminders/message.ts';
import { type Quarantined, quarantinedDestinations } from '../../../store/destinations.ts';
import { profileById } from '../../../store/profiles/profiles.ts';
import { tokenById } from '../../../store/profiles/tokens.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { type ProvisioningStatus, quarantineReason } from './provisioning-status.ts';

/**
 * What is to be told of the quarantines that the last looks found. A profile whose token was renewed since one began is
 * left out: somebody is at it, and the pages say what is left to do.
 */
export async function quarantineAlerts(records: StoreContext, timeZone?: string): Promise<Alert[]> {
  const notices: Alert[] = [];
  for (const quarantined of await quarantinedDestinations(records.db)) {
    const { destination, currentTokenId, capturedAt, quarantinedSince } = quarantined;
    if (currentTokenId === null || capturedAt === null || capturedAt > quarantinedSince) continue;
    notices.push({
      tokenId: currentTokenId,
      trigger: 'quarantine',
      destinationId: destination.id,
      eventAt: quarantinedSince,
      message: () => quarantineMessage(records, quarantined, currentTokenId, timeZone),
    });
  }
  return notices;
}

async function quarantineMessage(
  { db, now }: StoreContext,
  { destination, quarantinedSince: since }: Quarantined,
  tokenId: string,
  timeZone: string | undefined,
): Promise<ReminderMessage> {
  const token = await tokenById(db, tokenId);
  if (token === null) throw new Error('the token was removed meanwhile');
  const profile = await profileById(db, token.profileId);
  const { name } = profile;
  const { appId, appName, statusCheckedAt } = destination;
  const { quarantine } = destination.provisioningStatus as ProvisioningStatus;
  const why = quarantine === null ? 'Entra ID does not say.' : quarantineReason(quarantine);
  const left = daysLeftInQuarantine(since, now());
  const ends = quarantineEndsAt(since);
  const over = ends <= now();
  const days = left === 1 ? '1 day' : `${left} days`;
  const text = (instant: number) => formatInstant(instant, timeZone);
  const remedy = remedyFor(name, {
    status: statusOf(token, now()),
    isThere: destination.tokenId === tokenId,
    reason: quarantine?.reason ?? null,
  });
  return {
    id: idOf(tokenId, { trigger: `quarantine ${destination.id}`, eventAt: since }),
    trigger: 'quarantine',
    subject: over
      ? `Entra ID has given up provisioning ${name}`
      : `Entra ID has put the provisioning of ${name} in quarantine`,
    summary: over
      ? `"${appName}" was in quarantine for 28 days, since ${text(since).day}, so that Entra ID has disabled it. Users are no longer provisioned to Webex.`
      : `"${appName}" is in quarantine since ${text(since).day}: users are hardly provisioned to Webex any more. Entra ID tries again ever more rarely, and disables it for good on ${text(ends).day}: ${days} left.`,
    ...remedy,
    facts: [
      ...factsOf(profile, token),
      { title: 'Application', value: `${appName} (${appId})` },
      { title: 'In quarantine since', value: text(since).full },
      { title: 'Why', value: why },
      {
        title: over ? 'Disabled' : 'Disabled from',
        value: `${text(ends).full}${over ? '' : `; ${days} left`}`,
      },
      ...(statusCheckedAt === null ? [] : [{ title: 'As it was', value: text(statusCheckedAt).full }]),
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

/** The one thing to do, by what is wrong. */
function remedyFor(
  name: string,
  state: { status: ProfileStatus; isThere: boolean; reason: string | null },
): Pick<ReminderMessage, 'action' | 'shortAction'> {
  const push = `webex-token push entra ${name}`;
  if (state.status === 'expired' || state.status === 'rejected') {
    const login = `webex-token login ${name} --push`;
    return {
      action: `The token is no longer good, so get a new one: run "${login}", which replaces it in Entra ID too, or open the web app with "webex-token open" and press Renew.`,
      shortAction: `Renew it with: ${login}`,
    };
  }
  if (state.reason !== null && state.reason !== 'EncounteredQuarantineException') {
    return {
      action: `The token is not the cause. Mend what Entra ID names: in its admin center, under Enterprise applications, open this one, then Provisioning and its logs. Then restart provisioning there, or run "${push}", which lifts the quarantine.`,
      shortAction: 'Look at its provisioning logs in Entra ID.',
    };
  }
  const why = state.isThere ? '' : 'Entra ID still has an earlier token. ';
  return {
    action: `${why}Hand the current token over once more: run "${push}", or open the web app with "webex-token open" and press Hand it to Entra ID. It is tested there first, and a test that passes lifts the quarantine.`,
    shortAction: `Hand the token over once more: ${push}`,
  };
}
