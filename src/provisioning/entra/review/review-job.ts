import { BrokerError } from '../../../errors/broker-error.ts';
import { plannedId } from '../../requests/api-client.ts';
import { sources } from '../../settings-sources.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import { type SyncSecret, syncSchema } from '../graph/objects.ts';
import { readableValue } from '../graph/synchronization-secrets.ts';
import { type Finding, finding, sortFindings } from './finding.ts';
import { reviewNotification, reviewSchema } from './review.ts';
import { reviewAccountScope } from './review-scope.ts';

/**
 * Reviews the setup of a job. Problems come first. Changes nothing. A part that cannot be read is also a finding.
 */
export async function reviewJob(
  graph: GraphClient,
  app: EntraApp,
  jobId: string,
  secrets: SyncSecret[],
  /** The email address of the person who signed in to Webex. */
  accountMail: string | null,
): Promise<Finding[]> {
  const syncAll = /^true$/i.test(readableValue(secrets, 'SyncAll') ?? '');
  return sortFindings([
    ...(await schemaFindings(graph, app, jobId)),
    ...reviewNotification(secrets),
    ...(await reviewAccountScope(graph, app, accountMail, syncAll)),
  ]);
}

async function schemaFindings(graph: GraphClient, app: EntraApp, jobId: string): Promise<Finding[]> {
  // A dry run did not create the job.
  if (jobId === plannedId) return [];
  try {
    const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(jobId)}/schema`;
    return reviewSchema(await graph.get(path, syncSchema));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const message = `The mappings could not be read. Check them yourself. ${error.message}`;
    return [finding('note', 'schema-unread', message, sources.ciscoEntra)];
  }
}
