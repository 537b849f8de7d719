import { BrokerError } from '../../errors.ts';
import { type Handoff, handoffsOf, listHandoffs, saveWatch } from '../../store/handoffs.ts';
import type { Vault } from '../../vault/vault.ts';
import { type EntraCloud, isEntraCloud } from './clouds.ts';
import { synchronizationPath } from './find-job.ts';
import type { Graph } from './graph.ts';
import { graphList, syncJob } from './graph-objects.ts';
import { type EntraPorts, openGraph } from './push-profile.ts';
import { type EntraWatch, watchOf } from './watch.ts';

export interface Watched {
  handoff: Handoff;
  /** Null where it could not be asked; `failure` says why. */
  watch: EntraWatch | null;
  failure: { message: string; help: string | undefined } | null;
}

/**
 * Looks at how provisioning stands in Entra ID, wherever a token was handed to it, or for one profile's. What is
 * learned is kept with the hand-over. Signs in once for each cloud: unattended only where the AZURE_* settings allow
 * it (`entraSignsInAlone`).
 */
export async function watchHandoffs(
  vault: Vault,
  ports: Omit<EntraPorts, 'onStep'>,
  profileId?: string,
): Promise<Watched[]> {
  const graphs = new Map<EntraCloud, Promise<Graph>>();
  const graphIn = (cloud: EntraCloud): Promise<Graph> => {
    const graph = graphs.get(cloud) ?? openGraph(vault, cloud, ports);
    graphs.set(cloud, graph);
    return graph;
  };
  const watched: Watched[] = [];
  const handoffs = (
    profileId === undefined
      ? (await listHandoffs(vault.db)).map(({ handoff }) => handoff)
      : await handoffsOf(vault.db, profileId)
  ).filter(({ kind, appId }) => kind === 'entra' && appId !== '');
  for (const handoff of handoffs) {
    watched.push(await watchOne(vault, handoff, graphIn));
  }
  return watched;
}

async function watchOne(
  vault: Vault,
  handoff: Handoff,
  graphIn: (cloud: EntraCloud) => Promise<Graph>,
): Promise<Watched> {
  try {
    const graph = await graphIn(isEntraCloud(handoff.cloud) ? handoff.cloud : 'global');
    const path = `${synchronizationPath({ id: handoff.appId })}/jobs`;
    const { value } = await graph.get(path, graphList(syncJob));
    const before = handoff.watch as EntraWatch | null;
    const job = value.find(({ id }) => id === before?.jobId) ?? value[0];
    if (job === undefined) {
      const message = `"${handoff.appName}" has no provisioning job any more.`;
      return { handoff, watch: null, failure: { message, help: undefined } };
    }
    const watch = watchOf(job);
    await saveWatch(vault.db, handoff.id, watch, vault.now());
    return { handoff, watch, failure: null };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { handoff, watch: null, failure: { message: error.message, help: error.help } };
  }
}
