import type { Client } from '../domain/client.ts';
import { deliveryState } from '../domain/delivery.ts';
import { expiryOf, knownEnd } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import type { ProviderId } from '../domain/providers.ts';
import { providerTitle } from '../domain/providers.ts';
import { currentOf, type Token } from '../domain/token.ts';
import { commandLine } from '../errors/remedy.ts';
import { clientNames, listClients } from '../store/access/clients.ts';
import { appendAudit } from '../store/audit/audit.ts';
import {
  allDestinations,
  type Destination,
  deleteDestination,
  destinationsOf,
  saveDestination,
} from '../store/destinations.ts';
import { tokensOf } from '../store/profiles/tokens.ts';
import { plural } from '../text/count.ts';
import { instant } from '../text/instant.ts';
import type { Actor, Vault } from '../vault/context.ts';
import { requireProfile } from '../vault/profiles/profiles.ts';
import { type Finding, parseFindings } from './entra/review/finding.ts';
import { describeStatus, parseStatus, quarantineDaysLeft } from './entra/status/provisioning-status.ts';
import { recordPush } from './push/record-push.ts';

/** An application that has a profile's token or should get it, as `show --json` prints it. Times are RFC 3339 in UTC. */
export interface DestinationView {
  provider: ProviderId;
  /** The application's ID; empty if it is unknown. */
  app: string;
  appName: string;
  cloud: string | null;
  /** How it authenticates: with the Webex token itself, through the SCIM relay, or with a token from the token endpoint. */
  via: Destination['via'];
  /** The name of its API client, also if it was set up manually and has not used the client yet; null if it has none. */
  client: string | null;
  /** Whether a push or a person installed the token. */
  method: Destination['method'];
  installedAt: string | null;
  /** Whether the application uses the profile's current token. With the relay or the token endpoint, it always does. */
  upToDate: boolean;
  /** When the application's token expires; null if it has none, or if that is unknown. */
  tokenExpiresAt: string | null;
  /** When Webex first rejected that token; null if it was not rejected. */
  tokenRejectedAt: string | null;
  /** The provisioning status at the last check; null if it was never checked. */
  provisioning: ProvisioningView | null;
  /** Why the last check failed; null if it did not. */
  checkError: string | null;
  /** The findings of the last setup review; null if there was none. */
  review: { checkedAt: string | null; findings: Finding[] } | null;
}

export interface ProvisioningView {
  status: string;
  checkedAt: string | null;
  quarantineReason: string | null;
  /** Days until Entra ID disables it, counted from now; null without a quarantine. */
  quarantineDaysLeft: number | null;
  /** The status as sentences, most important first. */
  sentences: string[];
}

/** Where a profile's token is installed. Throws `E_NO_PROFILE`. */
export async function listDestinations(vault: Vault, name: string): Promise<DestinationView[]> {
  return await viewsOf(vault, await requireProfile(vault, name));
}

async function viewsOf(vault: Vault, profile: Profile): Promise<DestinationView[]> {
  const destinations = await withConnected(vault, await destinationsOf(vault.db, profile.id));
  if (destinations.length === 0) return [];
  const tokens = await tokensOf(vault.db, profile.id);
  const clientIds = destinations.map(({ clientId }) => clientId).filter((id) => id !== null);
  const clients = await clientNames(vault.db, clientIds);
  return destinations.map((destination) => viewOf(destination, tokens, clients, vault.now()));
}

/**
 * The destinations. One that a person set up manually counts as always current once its API client was used, because the
 * application no longer needs the Webex token then.
 */
async function withConnected(vault: Vault, destinations: Destination[]): Promise<Destination[]> {
  const offered = destinations.filter(({ via, clientId }) => via === 'token' && clientId !== null);
  if (offered.length === 0) return destinations;
  const clients = new Map((await listClients(vault.db)).map((client) => [client.id, client]));
  const connected = new Map<string, Destination>();
  for (const destination of offered) {
    const client = clients.get(destination.clientId ?? '');
    if (client?.lastUsedAt == null || mayBeTest(client, vault.now())) continue;
    const via = client.relayRights === null ? 'oauth' : 'relay';
    const change = { via, tokenId: null, installedAt: client.lastUsedAt } as const;
    await saveDestination(vault.db, { ...destination, ...change });
    connected.set(destination.id, { ...destination, ...change });
  }
  return destinations.map((destination) => connected.get(destination.id) ?? destination);
}

/** Longer than a push takes, including the pauses between its tests. Milliseconds. */
const longestPushMs = 600_000;

/**
 * Whether the last use of a client may be the test of a running push, possibly in another process. A push tests with the second
 * secret, and resets the last use if the test fails.
 */
function mayBeTest({ lastUsedAt, previousSecret }: Client, now: number): boolean {
  return lastUsedAt !== null && lastUsedAt === previousSecret?.lastUsedAt && now - lastUsedAt < longestPushMs;
}

function viewOf(
  destination: Destination,
  tokens: Token[],
  clients: Map<string, string>,
  now: number,
): DestinationView {
  const status = parseStatus(destination.provisioningStatus);
  const isAlwaysCurrent = destination.via !== 'token';
  const current = currentOf(tokens);
  const used = isAlwaysCurrent ? current : (tokens.find(({ id }) => id === destination.tokenId) ?? null);
  const { deletedToken } = destination;
  return {
    provider: destination.provider,
    app: destination.appId,
    appName: destination.appName,
    cloud: destination.cloud,
    via: destination.via,
    client: clients.get(destination.clientId ?? '') ?? null,
    method: destination.method,
    installedAt: instant(destination.installedAt),
    upToDate: deliveryState(destination, current?.id ?? null) === 'current',
    tokenExpiresAt: instant(
      used === null
        ? deletedToken && knownEnd(deletedToken.expiresAt)
        : knownEnd(expiryOf(used.lifetimes).expiresAt),
    ),
    tokenRejectedAt: instant((used ?? deletedToken)?.rejectedAt ?? null),
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

/** How many destinations of all profiles have the current token, and how many do not. */
export async function countDestinations(vault: Vault): Promise<{ upToDate: number; outdated: number }> {
  const found = await allDestinations(vault.db);
  const destinations = await withConnected(
    vault,
    found.map(({ destination }) => destination),
  );
  const isCurrent = (destination: Destination, at: number) =>
    deliveryState(destination, found[at]?.currentTokenId ?? null) === 'current';
  const upToDate = destinations.filter(isCurrent).length;
  return { upToDate, outdated: destinations.length - upToDate };
}

/** One line about the destinations of each of these profiles (default: all) that has any, by the profile's name. */
export async function destinationLabels(
  vault: Pick<Vault, 'db' | 'now'>,
  profileIds?: readonly string[],
): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  for (const { profile, destination, currentTokenId } of await allDestinations(vault.db, profileIds)) {
    const status = parseStatus(destination.provisioningStatus);
    const daysLeft = status && quarantineDaysLeft(status, vault.now());
    const label = destinationLabel(destination, currentTokenId, daysLeft);
    const before = labels.get(profile);
    labels.set(profile, before === undefined ? label : `${before}, ${label}`);
  }
  return labels;
}

function destinationLabel(
  destination: Destination,
  currentTokenId: string | null,
  quarantineDaysLeft: number | null,
): string {
  const title = providerTitle(destination.provider);
  if (quarantineDaysLeft !== null) return `${title} (quarantine, ${plural(quarantineDaysLeft, 'day')} left)`;
  if (destination.via !== 'token') return `${title} (always current)`;
  const state = deliveryState(destination, currentTokenId);
  if (state === 'current') return title;
  return `${title} (${state === 'none' ? 'not delivered' : 'outdated'})`;
}

/** One sentence about each destination without the current token: which token it has, and how to update it. */
export function outdatedMessages(name: string, views: DestinationView[]): string[] {
  return views
    .filter(({ upToDate }) => !upToDate)
    .map(({ provider, appName, method, installedAt, client }) => {
      const where = `${providerTitle(provider)} ("${appName}")`;
      if (client !== null && installedAt === null) {
        return `${where} has not connected yet. Enter the address and the secret of ${client} there. For the steps: ${commandLine(['open'])}`;
      }
      const holds =
        installedAt === null ? `${where} has no token yet` : `${where} still uses an earlier token`;
      return method === 'push'
        ? `${holds}. Update it: ${commandLine(['push', provider, name])}`
        : `${holds}. Paste the new token there. For the steps: ${commandLine(['open'])}`;
    });
}

/** One sentence about each destination that picks up renewed tokens automatically. */
export function alwaysCurrentMessages(views: DestinationView[]): string[] {
  return views
    .filter(({ via }) => via !== 'token')
    .map(
      ({ provider, appName }) =>
        `${providerTitle(provider)} ("${appName}") picks up the new token automatically. There is nothing to do there.`,
    );
}

/** Records that a person pasted the current token into a provider's settings. Throws `E_NO_PROFILE`. */
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
  const access = { method: 'manual' as const, tokenId, via: 'token' as const, clientId: null, steps: [] };
  await recordPush(vault, profile, { provider, appId, appName, cloud, ...access }, actor);
}

/** Deletes a destination from the store. The token at the provider is not changed. Throws `E_NO_PROFILE`. */
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
