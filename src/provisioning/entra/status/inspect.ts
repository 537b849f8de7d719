import { currentOf } from '../../../domain/token.ts';
import { BrokerError } from '../../../errors/broker-error.ts';
import { destinationsOf, saveFindings } from '../../../store/destinations.ts';
import { tokensOf } from '../../../store/profiles/tokens.ts';
import type { Vault } from '../../../vault/context.ts';
import { requireProfile } from '../../../vault/profiles/profiles.ts';
import type { PushContext } from '../../push/push-context.ts';
import { openGraph } from '../auth/open-graph.ts';
import { isEntraCloud } from '../clouds.ts';
import { appById, type EntraApp } from '../graph/find-app.ts';
import { readSecrets } from '../graph/synchronization-secrets.ts';
import type { Finding } from '../review/finding.ts';
import { reviewJob } from '../review/review-job.ts';
import { jobStatus } from './job-status.ts';
import type { ProvisioningStatus } from './provisioning-status.ts';
import { saveStatus } from './save-status.ts';

/** The provisioning status in Entra ID, and the findings of the setup review. */
export interface InspectionResult {
  app: EntraApp;
  status: ProvisioningStatus;
  findings: Finding[];
}

/**
 * Checks the status and the setup of the application that most recently got a profile's token, and stores the result.
 * Changes nothing in Entra ID.
 * Throws `E_NO_PROFILE`, `E_NO_DESTINATION`, `E_ENTRA_JOB`, and the errors of the sign-in and of Microsoft Graph.
 */
export async function inspectProvisioning(
  vault: Vault,
  name: string,
  context: PushContext,
): Promise<InspectionResult> {
  const profile = await requireProfile(vault, name);
  const destination = (await destinationsOf(vault.db, profile.id)).find(
    ({ provider, appId }) => provider === 'entra' && appId !== '',
  );
  if (destination === undefined) {
    throw new BrokerError('E_NO_DESTINATION', `No application in Entra ID is known for "${name}".`, {
      help: {
        text: 'Send the token to Entra ID once, so that this program knows the application',
        command: ['push', 'entra', name],
        link: { label: 'Send token to Entra ID', path: `/profiles/${name}/entra` },
      },
    });
  }
  const cloud = isEntraCloud(destination.cloud) ? destination.cloud : 'global';
  const graph = await openGraph(vault, cloud, context);
  const app = await appById(graph, destination.appId);
  const { jobId, status } = await jobStatus(graph, destination);
  await saveStatus(vault, destination, status);
  const token = currentOf(await tokensOf(vault.db, profile.id));
  const secrets = await readSecrets(graph, app);
  const findings = await reviewJob(graph, app, jobId, secrets, token?.account?.email ?? null);
  await saveFindings(vault.db, destination.id, findings, vault.now());
  return { app, status, findings };
}
