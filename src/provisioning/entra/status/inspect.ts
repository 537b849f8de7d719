import { BrokerError } from '../../../errors/broker-error.ts';
import { destinationsOf, saveFindings } from '../../../store/destinations.ts';
import { tokensOf } from '../../../store/profiles/tokens.ts';
import type { Vault } from '../../../vault/context.ts';
import { requireProfile } from '../../../vault/profiles/profiles.ts';
import { isEntraCloud } from '../clouds.ts';
import { appById, type EntraApp } from '../graph/find-app.ts';
import { listJobs } from '../graph/find-job.ts';
import { readSecrets } from '../graph/synchronization-secrets.ts';
import { type EntraContext, openGraph } from '../push/push-profile.ts';
import type { Finding } from '../review/review.ts';
import { reviewJob } from '../review/review-job.ts';
import { type ProvisioningStatus, statusOf } from './provisioning-status.ts';
import { saveStatus } from './save-status.ts';

/** How provisioning stands in Entra ID, and how it is set up there. */
export interface InspectionResult {
  app: EntraApp;
  watch: ProvisioningStatus;
  findings: Finding[];
}

/**
 * Looks at the application that a profile's token was handed to last, changes nothing there, and keeps what it found.
 * Throws `E_NO_PROFILE`, `E_NO_DESTINATION`, `E_ENTRA_JOB`, and what the sign-in and Microsoft Graph throw.
 */
export async function inspectProvisioning(
  vault: Vault,
  name: string,
  ports: Omit<EntraContext, 'onStep'>,
): Promise<InspectionResult> {
  const profile = await requireProfile(vault, name);
  const handoff = (await destinationsOf(vault.db, profile.id)).find(
    ({ kind, appId }) => kind === 'entra' && appId !== '',
  );
  if (handoff === undefined) {
    throw new BrokerError(
      'E_NO_DESTINATION',
      `It is not known which application in Entra ID has the token of "${name}".`,
      { help: 'Hand the token over from here once, and the application is remembered.' },
    );
  }
  const graph = await openGraph(vault, isEntraCloud(handoff.cloud) ? handoff.cloud : 'global', ports);
  const app = await appById(graph, handoff.appId);
  const jobs = await listJobs(graph, app);
  const before = handoff.provisioningStatus as ProvisioningStatus | null;
  const job = jobs.find(({ id }) => id === before?.jobId) ?? jobs[0];
  if (job === undefined) {
    throw new BrokerError('E_ENTRA_JOB', `"${app.name}" has no provisioning job any more.`, {
      help: 'Hand the token over again, which makes one.',
    });
  }
  const watch = statusOf(job, before);
  await saveStatus(vault, handoff, watch);
  const token = (await tokensOf(vault.db, profile.id)).find(({ state }) => state === 'current');
  const secrets = await readSecrets(graph, app);
  const findings = await reviewJob(graph, app, job.id, secrets, token?.account?.email ?? null);
  await saveFindings(vault.db, handoff.id, findings, vault.now());
  return { app, watch, findings };
}
