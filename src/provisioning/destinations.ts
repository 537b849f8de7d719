import { expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import { currentOf, type Token } from '../domain/token.ts';
import { commandLine } from '../errors/remedy.ts';
import { appendAudit } from '../store/audit/audit.ts';
import {
  allDestinations,
  type Destination,
  deleteDestination,
  destinationsOf,
  type ProviderId,
} from '../store/destinations.ts';
import { tokensOf } from '../store/profiles/tokens.ts';
import { instant } from '../text/instant.ts';
import type { Actor, Vault } from '../vault/context.ts';
import { requireProfile } from '../vault/profiles/profiles.ts';
import { type Finding, parseFindings } from './entra/review/finding.ts';
import { describeStatus, parseStatus, quarantineDaysLeft } from './entra/status/provisioning-status.ts';
import { providerTitle } from './providers.ts';
import { recordPush } from './push/record-push.ts';

/** An application that has, or should get, a profile's token, as `show --json` prints it. Instants are RFC 3339 in UTC. */
export interface DestinationView {
  provider: ProviderId;
  /** The application's ID; empty where it is unknown. */
  app: string;
  appName: string;
  cloud: string | null;
  /** How the application gets at Webex: with the token itself. */
  via: 'token';
  /** Who installed the token: a push, or a person. */
  method: Destination['method'];
  installedAt: string | null;
  /** Whether the application holds the profile's current token. */
  upToDate: boolean;
  /** When the token that the application holds expires; null where it holds none, or that is unknown. */
  tokenExpiresAt: string | null;
  /** The provisioning status at the last check; null where it was never checked. */
  provisioning: ProvisioningView | null;
  /** Why the last check failed; null where it did not. */
  checkError: string | null;
  /** What the last review of the setup found; null where there was none. */
  review: { checkedAt: string | null; findings: Finding[] } | null;
}

export interface ProvisioningView {
  status: string;
  checkedAt: string | null;
  quarantineReason: string | null;
  /** Days until Entra ID disables it, counted from now; null without a quarantine. */
  quarantineDaysLeft: number | null;
  /** The status as sentences, the most important first. */
  sentences: string[];
}

/** Where a profile's token is installed. Throws `E_NO_PROFILE`. */
export async function listDestinations(vault: Vault, name: string): Promise<DestinationView[]> {
  return await viewsOf(vault, await requireProfile(vault, name));
}

async function viewsOf(vault: Vault, profile: Profile): Promise<DestinationView[]> {
  const destinations = await destinationsOf(vault.db, profile.id);
  if (destinations.length === 0) return [];
  const tokens = await tokensOf(vault.db, profile.id);
  return destinations.map((destination) => viewOf(destination, tokens, vault.now()));
}

function viewOf(destination: Destination, tokens: Token[], now: number): DestinationView {
  const status = parseStatus(destination.provisioningStatus);
  const installed = tokens.find(({ id }) => id === destination.tokenId);
  return {
    provider: destination.provider,
    app: destination.appId,
    appName: destination.appName,
    cloud: destination.cloud,
    via: 'token',
    method: destination.method,
    installedAt: instant(destination.installedAt),
    upToDate: installed?.state === 'current',
    tokenExpiresAt: expiryInstant(installed),
    provisioning: status && {
      status: status.status,
      checkedAt: instant(destination.statusCheckedAt),
      quarantineReason: status.quarantine?.reason ?? null,
      quarantineDaysLeft: quarantineDaysLeft(status, now),
      sentences: describeStatus(status, now),
    },
    checkError: destination.lastCheckError,
    review: destination.findings && {
      checkedAt: instant(destination.findingsAt),
      findings: parseFindings(destination.findings),
    },
  };
}

function expiryInstant(token: Token | undefined): string | null {
  if (token === undefined) return null;
  const { expiresAt, source } = expiryOf(token.lifetimes);
  return source === null ? null : instant(expiresAt);
}

/** One line about the destinations of each profile that has any, by the profile's name. */
export async function destinationLabels(vault: Pick<Vault, 'db' | 'now'>): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  for (const { profile, destination, currentTokenId } of await allDestinations(vault.db)) {
    const upToDate = destination.tokenId !== null && destination.tokenId === currentTokenId;
    const status = parseStatus(destination.provisioningStatus);
    const daysLeft = status && quarantineDaysLeft(status, vault.now());
    const label = destinationLabel(destination.provider, upToDate, daysLeft);
    const before = labels.get(profile);
    labels.set(profile, before === undefined ? label : `${before}, ${label}`);
  }
  return labels;
}

function destinationLabel(
  provider: ProviderId,
  upToDate: boolean,
  quarantineDaysLeft: number | null,
): string {
  const title = providerTitle(provider);
  if (quarantineDaysLeft !== null) return `${title} (quarantine, ${quarantineDaysLeft} days left)`;
  return upToDate ? title : `${title} (outdated)`;
}

/** One sentence about each destination without the current token: what it holds, and how to update it. */
export function outdatedMessages(name: string, views: DestinationView[]): string[] {
  return views
    .filter(({ upToDate }) => !upToDate)
    .map(({ provider, appName, method, installedAt }) => {
      const where = `${providerTitle(provider)} ("${appName}")`;
      const holds =
        installedAt === null ? `${where} has no token yet` : `${where} still uses an earlier token`;
      return method === 'push'
        ? `${holds}. Update it: ${commandLine(['push', provider, name])}`
        : `${holds}. Paste the new one there. To see where: ${commandLine(['open'])}`;
    });
}

/** Stores that a person pasted the current token into a provider. Throws `E_NO_PROFILE`. */
export async function recordManualUpdate(
  vault: Vault,
  name: string,
  target: { provider: ProviderId; appId?: string; appName?: string; cloud?: string | null },
  actor: Actor,
): Promise<void> {
  const profile = await requireProfile(vault, name);
  const current = currentOf(await tokensOf(vault.db, profile.id));
  const { provider, appId = '', appName = 'Cisco Webex', cloud = null } = target;
  const tokenId = current?.id ?? null;
  const destination = { provider, appId, appName, cloud, method: 'manual' as const, tokenId, steps: [] };
  await recordPush(vault, profile, destination, actor);
}

/** Forgets a destination. The token there is left unchanged. Throws `E_NO_PROFILE`. */
export async function removeDestination(
  vault: Vault,
  name: string,
  target: { provider: ProviderId; appId: string },
  actor: Actor,
): Promise<void> {
  const profile = await requireProfile(vault, name);
  await vault.db.transaction().execute(async (trx) => {
    await deleteDestination(trx, { ...target, profileId: profile.id });
    await appendAudit(trx, vault.now(), {
      action: 'destination-remove',
      outcome: 'ok',
      profile: name,
      client: `${providerTitle(target.provider)} ${target.appId}`.trim(),
      ...actor,
    });
  });
}
