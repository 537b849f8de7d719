import { instant } from '../../text/instant.ts';
import { provisionUsers } from '../provisioning/scim-client.ts';
import { accessWith, testCredentials } from './credential-test.ts';
import type { EntraDirectory, SimulatedEnterpriseApp, SimulatedJob } from './entra-directory.ts';

/**
 * Runs one provisioning cycle. It starts with a test of the saved credentials. If the test fails, the job is put in quarantine.
 * Otherwise the assigned users are provisioned. A job that is paused or was never started does nothing.
 */
export async function runCycle(
  directory: EntraDirectory,
  app: SimulatedEnterpriseApp,
  job: SimulatedJob,
  now: number,
): Promise<void> {
  if (job.code !== 'Active' && job.code !== 'Quarantine') return;
  const failure = await testCredentials(app.secrets);
  const state = failure === null ? 'Succeeded' : 'Failed';
  job.lastExecution = { state, began: now, ended: now, exported: 0, escrowed: 0 };
  if (failure === null) {
    // A token from the token endpoint is fetched for each cycle.
    const access = await accessWith(app.secrets);
    const users = directory.users
      .filter(({ assignments }) => assignments.some(({ resourceId }) => resourceId === app.id))
      .map(({ userPrincipalName, displayName }) => ({ userName: userPrincipalName, displayName }));
    if (!('code' in access)) {
      const { exported, failed } = await provisionUsers(access, users);
      job.lastExecution = { ...job.lastExecution, exported, escrowed: failed };
    }
    job.code = 'Active';
    job.quarantine = null;
    job.lastSuccessAt = now;
    return;
  }
  job.code = 'Quarantine';
  job.quarantine = {
    reason: 'EncounteredQuarantineException',
    since: job.quarantine?.since ?? now,
    message: failure.message,
  };
}

const never = '0001-01-01T00:00:00Z';

/** A job as Graph shows it (synchronizationJob). */
export function jobObject(job: SimulatedJob): object {
  const { quarantine, lastExecution, lastSuccessAt } = job;
  return {
    id: job.id,
    templateId: job.templateId,
    schedule: { expiration: null, interval: 'PT40M', state: job.code === 'Active' ? 'Active' : 'Disabled' },
    status: {
      countSuccessiveCompleteFailures: 0,
      escrowsPruned: false,
      code: job.code,
      lastExecution: lastExecution && {
        state: lastExecution.state,
        timeBegan: instant(lastExecution.began),
        timeEnded: instant(lastExecution.ended),
        countExported: lastExecution.exported,
        countEscrowed: lastExecution.escrowed,
        error: null,
      },
      lastSuccessfulExecution:
        lastSuccessAt === null
          ? null
          : {
              state: 'Succeeded',
              timeBegan: instant(lastSuccessAt),
              timeEnded: instant(lastSuccessAt),
              countExported: 0,
            },
      lastSuccessfulExecutionWithExports: null,
      steadyStateFirstAchievedTime: never,
      steadyStateLastAchievedTime: never,
      quarantine: quarantine && {
        reason: quarantine.reason,
        currentBegan: instant(quarantine.since),
        seriesBegan: instant(quarantine.since),
        seriesCount: 1,
        nextAttempt: instant(quarantine.since + 6 * 3_600_000),
        error: { code: 'InvalidCredentials', message: quarantine.message },
      },
      synchronizedEntryCountByType: [],
      progress: [],
      troubleshootingUrl: null,
    },
  };
}
