import { BrokerError } from '../../../errors/broker-error.ts';
import { sources } from '../../settings-sources.ts';
import { type GraphClient, plannedId } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import { type SyncSecret, syncSchema } from '../graph/objects.ts';
import { readableValue } from '../graph/synchronization-secrets.ts';
import { type Finding, reviewNotification, reviewSchema, sorted } from './review.ts';
import { reviewAccountScope } from './review-scope.ts';

/**
 * Reads how a job is set up and says what is odd about it, the problems first. Nothing is changed, and a part that
 * cannot be read is a finding too.
 */
export async function reviewJob(
  graph: GraphClient,
  app: EntraApp,
  jobId: string,
  secrets: SyncSecret[],
  /** The mail address of the person who signed in to Webex. */
  accountMail: string | null,
): Promise<Finding[]> {
  const syncAll = /^true$/i.test(readableValue(secrets, 'SyncAll') ?? '');
  return sorted([
    ...(await schemaFindings(graph, app, jobId)),
    ...reviewNotification(secrets),
    ...(await reviewAccountScope(graph, app, accountMail, syncAll)),
  ]);
}

async function schemaFindings(graph: GraphClient, app: EntraApp, jobId: string): Promise<Finding[]> {
  // A job that a dry run did not make has nothing to be read.
  if (jobId === plannedId) return [];
  try {
    const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(jobId)}/schema`;
    return reviewSchema(await graph.get(path, syncSchema));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const message = `The mappings could not be read, so look at them yourself. ${error.message}`;
    return [{ id: 'schema-unread', level: 'note', message, source: sources.ciscoEntra }];
  }
}
