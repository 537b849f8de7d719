import { issuerOf } from '../../config/issuer.ts';
import { accountConflict } from '../../domain/assess-token.ts';
import { profileTitle } from '../../domain/profile.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import { summarize, summarizeToken } from '../../domain/profile-summary.ts';
import { currentOf } from '../../domain/token.ts';
import { type DestinationView, listDestinations } from '../../provisioning/destinations.ts';
import { listClients } from '../../store/access/clients.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { hookSummary } from '../../vault/renewals/hook-summary.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { expiryEvidence } from './expiry-evidence.ts';
import { expiryView } from './expiry-view.ts';
import type { NextAction, ProfilePage } from './pages.ts';
import { relayView } from './relay-view.ts';
import { reminderView } from './reminder-view.ts';
import { timelineOf } from './timeline.ts';

/** Everything about one profile except the token itself. Throws `E_NO_PROFILE`. */
export async function profileView(
  vault: Vault,
  name: string,
): Promise<Omit<ProfilePage, 'notice' | 'errors' | 'newName' | 'values'>> {
  const profile = await requireProfile(vault, name);
  const tokens = await tokensOf(vault.db, profile.id);
  const current = currentOf(tokens);
  const summary = summarize(profile, current, vault.settings.webex[profile.deployment], vault.now());
  const { channels, failed } = await reminderView(vault, name);
  const clients = await listClients(vault.db);
  const destinations = await listDestinations(vault, name);
  const needsReview = tokens.filter(({ state }) => state === 'needs-review' || state === 'pending');
  return {
    summary,
    title: profileTitle(profile),
    newDisplayName: profile.displayName ?? '',
    deploymentTitle: deploymentTitles[profile.deployment],
    tags: profile.tags,
    contact: profile.contact,
    current: current && summarizeToken(current),
    expiry: expiryView(summary.status, summary, vault.now()),
    evidence: current && expiryEvidence(current.lifetimes, current.capturedAt),
    nextAction: nextActionOf(summary.status, destinations, needsReview.length > 0),
    conflict: current?.account == null ? null : accountConflict(current.account, profile),
    needsReview: needsReview.map(summarizeToken),
    previous: tokens.filter(({ state }) => state === 'previous').map(summarizeToken),
    destinations,
    renewalHook: await hookSummary(vault, profile.id),
    timeline: (await timelineOf(vault, profile, tokens)).map((entry) => ({
      ...entry,
      at: instant(entry.at),
    })),
    today: instant(vault.now()),
    channels,
    failed,
    relay: await relayView(vault, profile, clients),
    clients: clients
      .filter(({ profiles, relayRights }) => relayRights === null && profiles.includes(name))
      .map((client) => client.name),
    tokenEndpoint: `${issuerOf(vault.settings)}/oauth/token`,
  };
}

/** A token that needs review comes before connecting a destination. */
function nextActionOf(
  status: ProfileStatus,
  destinations: DestinationView[],
  needsReview: boolean,
): NextAction | null {
  if (status === 'empty') return 'sign-in';
  if (status === 'rejected' || status === 'expired') return 'renew';
  if (destinations.some(({ upToDate }) => !upToDate)) return 'update';
  if (status === 'expiring') return 'renew';
  return destinations.length === 0 && !needsReview ? 'connect' : null;
}
