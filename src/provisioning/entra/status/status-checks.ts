import { withJitter } from '../../../domain/jitter.ts';
import { dayMs } from '../../../domain/lifetimes.ts';
import { BrokerError } from '../../../errors/broker-error.ts';
import {
  allDestinations,
  type Destination,
  destinationsOf,
  leaseStatusCheck,
  nextDueStatusCheck,
  saveStatusError,
} from '../../../store/destinations.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { type EntraCloud, isEntraCloud } from '../clouds.ts';
import type { GraphClient } from '../graph/client.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import { graphList, syncJob } from '../graph/objects.ts';
import { type EntraContext, openGraph } from '../push/push-profile.ts';
import { type ProvisioningStatus, statusOf } from './provisioning-status.ts';
import { saveStatus } from './save-status.ts';

export interface StatusCheckResult {
  handoff: Destination;
  /** Null where it could not be asked; `failure` says why. */
  watch: ProvisioningStatus | null;
  failure: { message: string; help: string | undefined } | null;
}

type WatchPorts = Omit<EntraContext, 'onStep'>;

/**
 * Looks at how provisioning stands in Entra ID, wherever a token was handed to it, or for one profile's. What is
 * learned is kept with the hand-over. Signs in once for each cloud: unattended only where the AZURE_* settings allow
 * it (`entraSignsInAlone`).
 */
export async function checkProvisioning(
  records: StoreContext,
  ports: WatchPorts,
  profileId?: string,
): Promise<StatusCheckResult[]> {
  const graphIn = graphSessions(records, ports);
  const watched: StatusCheckResult[] = [];
  const handoffs = (
    profileId === undefined
      ? (await allDestinations(records.db)).map(({ destination }) => destination)
      : await destinationsOf(records.db, profileId)
  ).filter(({ kind, appId }) => kind === 'entra' && appId !== '');
  for (const handoff of handoffs) {
    watched.push(await watchOne(records, handoff, graphIn));
  }
  return watched;
}

/** How long a look may take before another process takes it over. Milliseconds. */
const leaseMs = 10 * 60_000;

/** After a look that failed. Milliseconds. */
const retryMs = 3_600_000;

/**
 * Returns what looks, at each call, at the one place whose daily look is longest due, and gives null where none is.
 * For where nobody is needed to sign in. `random` gives numbers from 0 to 1; it spreads the looks over the day.
 */
export function dailyStatusCheck(
  records: StoreContext,
  ports: WatchPorts,
  random: () => number,
): () => Promise<StatusCheckResult | null> {
  const graphIn = graphSessions(records, ports);
  const { db } = records;
  return async () => {
    for (;;) {
      const now = records.now();
      const due = await nextDueStatusCheck(db, now);
      if (due === null) return null;
      const taken = { ...due, nextCheckAt: now + leaseMs };
      if (!(await leaseStatusCheck(db, due, taken.nextCheckAt))) continue;
      const watched = await watchOne(records, due.destination, graphIn);
      const pauseMs = watched.failure === null ? withJitter(dayMs, random) : retryMs;
      await leaseStatusCheck(db, taken, records.now() + pauseMs);
      return watched;
    }
  };
}

/** An access token of Entra ID lives for an hour at least; a sign-in that failed is not tried for each place anew. Milliseconds. */
const graphForMs = 30 * 60_000;

/** Microsoft Graph in each cloud, signed in to once for a while. */
function graphSessions(
  records: StoreContext,
  ports: WatchPorts,
): (cloud: EntraCloud) => Promise<GraphClient> {
  const open = new Map<EntraCloud, { graph: Promise<GraphClient>; until: number }>();
  return (cloud) => {
    const known = open.get(cloud);
    if (known !== undefined && records.now() < known.until) return known.graph;
    const graph = openGraph(records, cloud, ports);
    open.set(cloud, { graph, until: records.now() + graphForMs });
    return graph;
  };
}

async function watchOne(
  records: StoreContext,
  handoff: Destination,
  graphIn: (cloud: EntraCloud) => Promise<GraphClient>,
): Promise<StatusCheckResult> {
  try {
    const graph = await graphIn(isEntraCloud(handoff.cloud) ? handoff.cloud : 'global');
    const path = `${synchronizationPath({ id: handoff.appId })}/jobs`;
    const { value } = await graph.get(path, graphList(syncJob));
    const before = handoff.provisioningStatus as ProvisioningStatus | null;
    const job = value.find(({ id }) => id === before?.jobId) ?? value[0];
    if (job === undefined) {
      throw new BrokerError('E_ENTRA_JOB', `"${handoff.appName}" has no provisioning job any more.`);
    }
    const watch = statusOf(job, before);
    await saveStatus(records, handoff, watch);
    return { handoff, watch, failure: null };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    await saveStatusError(records.db, handoff.id, error.message);
    return { handoff, watch: null, failure: { message: error.message, help: error.help } };
  }
}
