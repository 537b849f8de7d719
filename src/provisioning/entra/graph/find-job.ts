import { BrokerError } from '../../../errors/broker-error.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { plannedId } from '../../requests/api-client.ts';
import type { GraphClient } from './client.ts';
import { graphError } from './errors.ts';
import type { EntraApp } from './find-app.ts';
import { graphList, type SyncJob, type SyncTemplate, syncJob, syncTemplate } from './objects.ts';

/** The path of an application's provisioning in Microsoft Graph. */
export function synchronizationPath(app: Pick<EntraApp, 'id'>): string {
  return `/servicePrincipals/${encodeURIComponent(app.id)}/synchronization`;
}

export async function listJobs(graph: GraphClient, app: EntraApp): Promise<SyncJob[]> {
  return (await graph.get(`${synchronizationPath(app)}/jobs`, graphList(syncJob))).value;
}

/**
 * The application's provisioning job. Creates one if there is none, but does not start it.
 * Throws `E_ENTRA_JOB` if the application does not support provisioning, or has several jobs.
 */
export async function findOrCreateJob(
  graph: GraphClient,
  app: EntraApp,
): Promise<{ job: SyncJob; created: boolean }> {
  const existing = await findJob(graph, app);
  if (existing !== null) return { job: existing, created: false };
  const template = await templateOf(graph, app);
  const path = `${synchronizationPath(app)}/jobs`;
  const answer = await graph.send({ method: 'POST', path, json: { templateId: template.id } });
  if (answer.ok && graph.dryRun) return { job: { id: plannedId, templateId: template.id }, created: true };
  if (answer.ok) return { job: graph.read(answer, syncJob, path), created: true };
  // The response may have been lost after the job was created: check before reporting a failure.
  const job = await findJob(graph, app).catch(() => null);
  if (job !== null) return { job, created: true };
  throw graphError(answer.failure, path);
}

async function findJob(graph: GraphClient, app: EntraApp): Promise<SyncJob | null> {
  const jobs = await listJobs(graph, app);
  const [only, ...others] = jobs;
  if (only === undefined) return null;
  if (others.length === 0) return only;
  const { id } = await templateOf(graph, app);
  const [first, ...more] = jobs.filter((job) => job.templateId === id);
  if (first !== undefined && more.length === 0) return first;
  const ids = jobs.map((job) => sanitizeForDisplay(job.id, 80)).join(', ');
  throw new BrokerError('E_ENTRA_JOB', `"${app.name}" has ${jobs.length} provisioning jobs: ${ids}.`, {
    help: 'Nothing was changed. Use an application with one job, or remove the other jobs in Entra ID.',
  });
}

/** The ID of the template for Webex is not published, so it is looked up. */
async function templateOf(graph: GraphClient, app: EntraApp): Promise<SyncTemplate> {
  const path = `${synchronizationPath(app)}/templates`;
  const { value } = await graph.get(path, graphList(syncTemplate));
  const [only, ...others] = value;
  if (only === undefined) {
    throw new BrokerError(
      'E_ENTRA_JOB',
      `"${app.name}" does not support provisioning: Entra ID has no template for it.`,
      {
        help: [
          'It is probably a custom application for single sign-on. Add "Cisco Webex" from the gallery instead.',
          { text: 'Then choose it with --app ID', only: 'terminal' },
          { text: 'Then enter its ID under “More options”.', only: 'page' },
        ],
      },
    );
  }
  if (others.length === 0) return only;
  const webex = value.find(({ id, factoryTag }) => /webex/i.test(`${id} ${factoryTag ?? ''}`));
  if (webex !== undefined) return webex;
  const ids = value.map(({ id }) => sanitizeForDisplay(id, 80)).join(', ');
  throw new BrokerError(
    'E_ENTRA_JOB',
    `"${app.name}" has several templates, but none of them is known to be for Webex: ${ids}.`,
    {
      help: 'In Entra ID, set its provisioning mode to Automatic once to create the job, then try again.',
    },
  );
}
