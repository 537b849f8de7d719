import { withJitter } from '../../../domain/delays.ts';
import { dayMs } from '../../../domain/lifetimes.ts';
import { BrokerError } from '../../../errors/broker-error.ts';
import type { Remedy } from '../../../errors/remedy.ts';
import {
  allDestinations,
  type Destination,
  destinationsOf,
  leaseStatusCheck,
  nextDueStatusCheck,
  saveStatusError,
} from '../../../store/destinations.ts';
import type { StoreContext } from '../../../vault/context.ts';
import type { PushContext } from '../../push/push-context.ts';
import { type EntraCloud, isEntraCloud } from '../clouds.ts';
import type { GraphClient } from '../graph/client.ts';
import type { ProvisioningStatus } from './provisioning-status.ts';
import { saveStatus } from './save-status.ts';

export interface StatusCheckResult {
  destination: Destination;
  /** Null if the check failed; `failure` is the reason. */
  status: ProvisioningStatus | null;
  failure: { message: string; help: string | undefined; remedies: readonly Remedy[] } | null;
}

/**
 * Checks the provisioning status of every application in Entra ID, or of one profile's applications, and stores it with the
 * destination. Signs in once for each cloud; without a user only if the AZURE_* settings allow it (`isUnattended`).
 */
export async function checkProvisioning(
  store: StoreContext,
  context: PushContext,
  profileId?: string,
): Promise<StatusCheckResult[]> {
  const graphIn = graphSessions(store, context);
  const results: StatusCheckResult[] = [];
  const destinations =
    profileId === undefined
      ? (await allDestinations(store.db)).map(({ destination }) => destination)
      : await destinationsOf(store.db, profileId);
  for (const destination of destinations) {
    if (destination.provider !== 'entra' || destination.appId === '') continue;
    results.push(await checkDestination(store, destination, graphIn));
  }
  return results;
}

/** How long a check may take before another process may start it again. Milliseconds. */
const leaseMs = 10 * 60_000;

/** Pause after a failed check. Milliseconds. */
const retryMs = 3_600_000;

/**
 * Returns a function that checks the destination whose daily check is most overdue, and returns null if none is due. Only for
 * unattended sign-ins. `random` returns numbers from 0 to 1, which spread the checks over the day.
 */
export function dailyStatusCheck(
  store: StoreContext,
  context: PushContext,
  random: () => number,
): () => Promise<StatusCheckResult | null> {
  const graphIn = graphSessions(store, context);
  const { db } = store;
  return async () => {
    for (;;) {
      const now = store.now();
      const due = await nextDueStatusCheck(db, now);
      if (due === null) return null;
      const leased = { ...due, nextCheckAt: now + leaseMs };
      if (!(await leaseStatusCheck(db, due, leased.nextCheckAt))) continue;
      const result = await checkDestination(store, due.destination, graphIn);
      const pauseMs = result.failure === null ? withJitter(dayMs, random) : retryMs;
      await leaseStatusCheck(db, leased, store.now() + pauseMs);
      return result;
    }
  };
}

/**
 * How long a sign-in is reused. An Entra ID access token is valid for at least an hour. A failed sign-in is not repeated for
 * each destination. Milliseconds.
 */
const sessionMs = 30 * 60_000;

/** One Microsoft Graph session for each cloud. */
function graphSessions(
  store: StoreContext,
  context: PushContext,
): (cloud: EntraCloud) => Promise<GraphClient> {
  const sessions = new Map<EntraCloud, { graph: Promise<GraphClient>; startedAt: number }>();
  return (cloud) => {
    const session = sessions.get(cloud);
    const now = store.now();
    // After the clock was set back, its age is unknown.
    const isFresh = session !== undefined && now >= session.startedAt && now - session.startedAt < sessionMs;
    if (isFresh) return session.graph;
    // Loaded with the first check, not when a server starts.
    const graph = import('../auth/open-graph.ts').then(({ openGraph }) => openGraph(store, cloud, context));
    sessions.set(cloud, { graph, startedAt: now });
    return graph;
  };
}

async function checkDestination(
  store: StoreContext,
  destination: Destination,
  graphIn: (cloud: EntraCloud) => Promise<GraphClient>,
): Promise<StatusCheckResult> {
  try {
    const graph = await graphIn(isEntraCloud(destination.cloud) ? destination.cloud : 'global');
    const { jobStatus } = await import('./job-status.ts');
    const { status } = await jobStatus(graph, destination);
    await saveStatus(store, destination, status);
    return { destination, status, failure: null };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const { message, help, remedies } = error;
    await saveStatusError(store.db, destination.id, message);
    return { destination, status: null, failure: { message, help, remedies } };
  }
}
