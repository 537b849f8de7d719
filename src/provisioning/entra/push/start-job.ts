import { plannedId } from '../../requests/api-client.ts';
import type { GraphClient } from '../graph/client.ts';
import { graphError } from '../graph/errors.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob } from '../graph/objects.ts';
import { fetchStatus } from '../status/job-status.ts';
import { isQuarantined, type ProvisioningStatus, statusOf } from '../status/provisioning-status.ts';

/** Ends a quarantine and, with `start`, starts a job that is new or paused. The value is null in a dry run. */
export async function ensureRunning(
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  { created, start }: { created: boolean; start: boolean },
): Promise<{ value: ProvisioningStatus | null; status?: 'skipped' | 'planned'; message: string }> {
  const { dryRun } = graph;
  const status = created && dryRun ? statusOf({ id: plannedId }) : await fetchStatus(graph, app, job.id);
  if (isQuarantined(status)) {
    const value = await startJob(graph, app, job);
    if (dryRun) return { value: null, status: 'planned', message: 'Would end the quarantine.' };
    return { value, message: 'Ended the quarantine: Entra ID provisions users again.' };
  }
  if (status.status === 'Active') {
    return { value: dryRun ? null : status, message: 'Provisioning is running.' };
  }
  if (!start) {
    const state = status.status === 'Paused' ? 'paused' : 'not started yet';
    const message = `Provisioning is ${state} and was left unchanged. To start it, set Provisioning Status to "On" in Entra ID.`;
    return { value: dryRun ? null : status, status: 'skipped', message };
  }
  const value = await startJob(graph, app, job);
  if (dryRun) return { value: null, status: 'planned', message: 'Would start provisioning.' };
  return { value, message: 'Started provisioning.' };
}

/** Seconds between the attempts to start a job after a lost response. */
const retryDelays = [1, 2, 4];

/**
 * Starts a job that is not running. Microsoft says that running jobs should not be started, so after a lost response the job's
 * status is checked before the next attempt. Null in a dry run. Throws `E_GRAPH`.
 */
async function startJob(graph: GraphClient, app: EntraApp, job: SyncJob): Promise<ProvisioningStatus | null> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/start`;
  for (const seconds of [...retryDelays, null]) {
    let lost = false;
    const onResponseLost = () => {
      lost = true;
    };
    const response = await graph.send({ method: 'POST', path, onResponseLost });
    if (graph.dryRun) return null;
    if (response.ok) return await fetchStatus(graph, app, job.id);
    if (!lost) throw graphError(response.failure, path);
    const status = await fetchStatus(graph, app, job.id);
    if (status.status === 'Active' && !isQuarantined(status)) return status;
    if (seconds === null) throw graphError(response.failure, path);
    await graph.pause(seconds, 'The response to starting provisioning was lost');
  }
  throw new Error('unreachable');
}
