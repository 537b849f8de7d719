import { BrokerError } from '../../../errors/broker-error.ts';
import type { Destination } from '../../../store/destinations.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import { graphList, syncJob } from '../graph/objects.ts';
import { type ProvisioningStatus, parseStatus, statusOf } from './provisioning-status.ts';

/** Reads the status of a destination's provisioning job from Microsoft Graph. Throws `E_GRAPH` and `E_ENTRA_JOB`. */
export async function jobStatus(
  graph: GraphClient,
  { appId, appName, provisioningStatus }: Pick<Destination, 'appId' | 'appName' | 'provisioningStatus'>,
): Promise<{ jobId: string; status: ProvisioningStatus }> {
  const before = parseStatus(provisioningStatus);
  const { value: jobs } = await graph.get(`${synchronizationPath({ id: appId })}/jobs`, graphList(syncJob));
  const job = jobs.find(({ id }) => id === before?.jobId) ?? jobs[0];
  if (job !== undefined) return { jobId: job.id, status: statusOf(job, before) };
  throw new BrokerError('E_ENTRA_JOB', `"${appName}" no longer has a provisioning job.`, {
    help: 'Send the token to Entra ID again to create a new job.',
  });
}

/** Reads a job's status from Microsoft Graph. Throws `E_GRAPH`. */
export async function fetchStatus(
  graph: GraphClient,
  app: Pick<EntraApp, 'id'>,
  jobId: string,
): Promise<ProvisioningStatus> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(jobId)}`;
  return statusOf(await graph.get(path, syncJob));
}
