import type { Profile } from '../domain/profile.ts';
import { appendAudit } from '../store/audit/audit.ts';
import {
  allDestinations,
  type Destination,
  deleteDestination,
  destinationsOf,
  type ProviderId,
} from '../store/destinations.ts';
import { tokensOf } from '../store/profiles/tokens.ts';
import type { Actor, Vault } from '../vault/context.ts';
import { requireProfile } from '../vault/profiles/profiles.ts';
import type { Finding } from './entra/review/review.ts';
import {
  describeStatus,
  type ProvisioningStatus,
  quarantineDaysLeft,
} from './entra/status/provisioning-status.ts';
import { providerNames, recordPush } from './record-push.ts';

/** One place that has a profile's token, as `show --json` tells it. Instants are RFC 3339 in UTC. */
export interface DestinationView {
  tool: ProviderId;
  app: string;
  appName: string;
  cloud: string | null;
  method: 'push' | 'manual';
  handedOverAt: string | null;
  /** Whether it has the profile's current token; a tool without it is to get it. */
  upToDate: boolean;
  /** How provisioning stood there when it was last looked at; null where it never was. */
  provisioning: ProvisioningView | null;
  /** Why the last look failed; null where it did not. */
  lookFailure: string | null;
  /** What was odd about how it is set up there when that was last read; null where it never was. */
  review: { checkedAt: string | null; findings: Finding[] } | null;
}

export interface ProvisioningView {
  status: string;
  checkedAt: string | null;
  quarantineReason: string | null;
  /** Days until Entra ID disables it, counted from now; null where it is in no quarantine. */
  quarantineDaysLeft: number | null;
  /** In plain words, the most important first. */
  sentences: string[];
}

/** Where a profile's token is handed to. Throws `E_NO_PROFILE`. */
export async function listDestinations(vault: Vault, name: string): Promise<DestinationView[]> {
  return await viewsOf(vault, await requireProfile(vault, name));
}

async function viewsOf(vault: Vault, profile: Profile): Promise<DestinationView[]> {
  const handoffs = await destinationsOf(vault.db, profile.id);
  if (handoffs.length === 0) return [];
  const current = (await tokensOf(vault.db, profile.id)).find(({ state }) => state === 'current');
  return handoffs.map((handoff) => viewOf(handoff, current?.id ?? null, vault.now()));
}

function viewOf(handoff: Destination, currentTokenId: string | null, now: number): DestinationView {
  const watch = handoff.provisioningStatus as ProvisioningStatus | null;
  return {
    tool: handoff.kind,
    app: handoff.appId,
    appName: handoff.appName,
    cloud: handoff.cloud,
    method: handoff.method,
    handedOverAt: instant(handoff.installedAt),
    upToDate: handoff.tokenId !== null && handoff.tokenId === currentTokenId,
    provisioning: watch && {
      status: watch.status,
      checkedAt: instant(handoff.statusCheckedAt),
      quarantineReason: watch.quarantine?.reason ?? null,
      quarantineDaysLeft: quarantineDaysLeft(watch, now),
      sentences: describeStatus(watch, now),
    },
    lookFailure: handoff.lastCheckError,
    review: handoff.findings && {
      checkedAt: instant(handoff.findingsAt),
      findings: handoff.findings as Finding[],
    },
  };
}

/** A line for each profile that has handed its token to something, by the profile's name. */
export async function destinationLabels(vault: Pick<Vault, 'db' | 'now'>): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  for (const { profile, destination, currentTokenId } of await allDestinations(vault.db)) {
    const label = destinationLabel(viewOf(destination, currentTokenId, vault.now()));
    const before = labels.get(profile);
    labels.set(profile, before === undefined ? label : `${before}, ${label}`);
  }
  return labels;
}

/** What to do about the places that do not have the current token yet: a sentence each, for after a renewal. */
export function outdatedMessages(name: string, views: DestinationView[]): string[] {
  return views
    .filter(({ upToDate }) => !upToDate)
    .map(({ tool, appName, method, handedOverAt }) => {
      const where = `${providerNames[tool]} ("${appName}")`;
      const has =
        handedOverAt === null ? `${where} is to get the token` : `${where} still has an earlier token`;
      return method === 'push'
        ? `${has}: now replace it there, with: webex-token push ${tool} ${name}`
        : `${has}: now paste the new one there. "webex-token open" shows where.`;
    });
}

/** One line about a place, for lists. */
export function destinationLabel({ tool, upToDate, provisioning }: DestinationView): string {
  const days = provisioning?.quarantineDaysLeft ?? null;
  if (days !== null) return `${providerNames[tool]} (quarantine, ${days} days left)`;
  return upToDate ? providerNames[tool] : `${providerNames[tool]} (to be replaced)`;
}

/** Keeps that a person pasted the current token into a tool themselves. Throws `E_NO_PROFILE`. */
export async function recordManualUpdate(
  vault: Vault,
  name: string,
  place: { kind: ProviderId; appId?: string; appName?: string; cloud?: string | null },
  actor: Actor,
): Promise<void> {
  const profile = await requireProfile(vault, name);
  const current = (await tokensOf(vault.db, profile.id)).find(({ state }) => state === 'current');
  const { kind, appId = '', appName = 'Cisco Webex', cloud = null } = place;
  const tokenId = current?.id ?? null;
  const handoff = { kind, appId, appName, cloud, method: 'manual' as const, tokenId, steps: [] };
  await recordPush(vault, profile, handoff, actor);
}

/** Forgets a place: the token there is left as it is. Throws `E_NO_PROFILE`. */
export async function removeDestination(
  vault: Vault,
  name: string,
  place: { kind: ProviderId; appId: string },
  actor: Actor,
): Promise<void> {
  const profile = await requireProfile(vault, name);
  await vault.db.transaction().execute(async (trx) => {
    await deleteDestination(trx, { ...place, profileId: profile.id });
    await appendAudit(trx, vault.now(), {
      action: 'destination-remove',
      outcome: 'ok',
      profile: name,
      client: `${providerNames[place.kind]} ${place.appId}`.trim(),
      ...actor,
    });
  });
}

function instant(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
