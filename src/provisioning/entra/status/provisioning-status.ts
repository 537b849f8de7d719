import { daysLeftInQuarantine, quarantineEndsAt } from '../../../domain/quarantine.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import type { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import { synchronizationPath } from '../graph/find-job.ts';
import { type SyncJob, syncJob } from '../graph/objects.ts';

/** How provisioning stands in Entra ID, as it is kept with the hand-over. Instants are epoch milliseconds. */
export interface ProvisioningStatus {
  jobId: string;
  /** Graph's word, e.g. `Active`, `Paused`, `Quarantine`; `NotConfigured` and `NotRun` before the first cycle. */
  status: string;
  lastCycle: { state: string; endedAt: number | null; changed: number | null; failed: number | null } | null;
  lastSuccessAt: number | null;
  quarantine: {
    reason: string;
    since: number | null;
    nextAttempt: number | null;
    /** When Entra ID gives up and disables the job. */
    disabledAt: number | null;
    /** What Entra ID says of it, or null. */
    detail: string | null;
  } | null;
}

/** Asks Graph for the job. Throws `E_GRAPH`. */
export async function fetchStatus(
  graph: GraphClient,
  app: Pick<EntraApp, 'id'>,
  jobId: string,
): Promise<ProvisioningStatus> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(jobId)}`;
  return statusOf(await graph.get(path, syncJob));
}

/**
 * What a job says of itself. `before` is what the last look found: where Graph leaves out when a quarantine began, and
 * tells only when it was last imposed anew, it goes on from when it was first seen.
 */
export function statusOf(job: SyncJob, before: ProvisioningStatus | null = null): ProvisioningStatus {
  const { lastExecution, lastSuccessfulExecution, quarantine } = job.status ?? {};
  const since = quarantine?.seriesBegan ?? before?.quarantine?.since ?? quarantine?.currentBegan ?? null;
  return {
    jobId: job.id,
    status: sanitizeForDisplay(job.status?.code ?? 'Unknown', 40),
    lastCycle: lastExecution
      ? {
          state: sanitizeForDisplay(lastExecution.state ?? 'Unknown', 40),
          endedAt: lastExecution.timeEnded,
          changed: lastExecution.countExported ?? null,
          failed: lastExecution.countEscrowed ?? null,
        }
      : null,
    lastSuccessAt: lastSuccessfulExecution?.timeEnded ?? null,
    quarantine: quarantine
      ? {
          reason: sanitizeForDisplay(quarantine.reason ?? 'Unknown', 60),
          since,
          nextAttempt: quarantine.nextAttempt,
          disabledAt: since === null ? null : quarantineEndsAt(since),
          detail: quarantine.error?.message ? sanitizeForDisplay(quarantine.error.message, 200) : null,
        }
      : null,
  };
}

/** Whether Entra ID has put the job aside. */
export function isQuarantined({ status, quarantine }: ProvisioningStatus): boolean {
  return status === 'Quarantine' || quarantine !== null;
}

/** Days until Entra ID disables a quarantined job, rounded down and never below 0; null where it is in none. */
export function quarantineDaysLeft({ quarantine }: ProvisioningStatus, now: number): number | null {
  return quarantine?.since == null ? null : daysLeftInQuarantine(quarantine.since, now);
}

/** How it stands in plain words: a sentence each, the most important first. */
export function describeStatus(watch: ProvisioningStatus, now: number): string[] {
  const sentences = [statusWords[watch.status] ?? `Provisioning is in the state "${watch.status}".`];
  if (watch.quarantine !== null) {
    const { since } = watch.quarantine;
    const left = quarantineDaysLeft(watch, now);
    sentences.push(`The reason: ${quarantineReason(watch.quarantine)}`);
    if (since !== null) sentences.push(`It has been so since ${new Date(since).toISOString()}.`);
    if (left !== null) sentences.push(`Entra ID disables it in ${left === 1 ? '1 day' : `${left} days`}.`);
  }
  const { lastCycle, lastSuccessAt } = watch;
  if (lastCycle !== null) {
    const when =
      lastCycle.endedAt === null ? 'is under way' : `ended ${new Date(lastCycle.endedAt).toISOString()}`;
    const failed = lastCycle.failed ? `, ${lastCycle.failed} entries failed` : '';
    sentences.push(`The last cycle ${when}: ${cycleStates[lastCycle.state] ?? lastCycle.state}${failed}.`);
  }
  if (lastSuccessAt !== null && lastSuccessAt !== lastCycle?.endedAt) {
    sentences.push(`The last one without errors ended ${new Date(lastSuccessAt).toISOString()}.`);
  }
  return sentences;
}

/** Why it is there, as a sentence, with what Entra ID says of it. */
export function quarantineReason({ reason, detail }: NonNullable<ProvisioningStatus['quarantine']>): string {
  return `${quarantineReasons[reason] ?? reason}.${detail === null ? '' : ` “${detail}”`}`;
}

/** By Graph's synchronizationStatus reference. */
const statusWords: Record<string, string> = {
  NotConfigured: 'Provisioning has never run: no credentials were there yet.',
  NotRun: 'Provisioning is set up and has not finished its first run.',
  Active: 'Provisioning is running.',
  Paused: 'Provisioning is paused.',
  Quarantine: 'Provisioning is in quarantine: Entra ID tries again ever more rarely.',
};

const cycleStates: Record<string, string> = {
  Succeeded: 'all went well',
  Failed: 'it failed',
  EntryLevelErrors: 'it went through, with errors for single entries',
};

/** By Graph's synchronizationQuarantine reference and Microsoft's article on quarantine. */
const quarantineReasons: Record<string, string> = {
  EncounteredQuarantineException: 'Webex did not accept the credentials, or did not answer as it should',
  EncounteredBaseEscrowThreshold: 'too many entries failed',
  EncounteredTotalEscrowThreshold: 'too many entries failed',
  EncounteredEscrowProportionThreshold: 'more than 40% of the changes failed',
  QuarantinedOnDemand: 'Microsoft or an administrator put it there',
  TooManyDeletes: 'more deletions were due than the threshold for accidental deletion allows',
  IngestionInterrupted: 'reading the directory was interrupted',
  Unknown: 'Entra ID does not say',
};
