import { daysLeftInQuarantine, quarantineEndsAt } from '../../../domain/quarantine.ts';
import { plural } from '../../../text/count.ts';
import { instant } from '../../../text/instant.ts';
import { isNumberOrNull, isObject, isStringOrNull } from '../../../text/json-shape.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import type { SyncJob } from '../graph/objects.ts';

/** The status of a provisioning job in Entra ID, as stored with its destination. Times are epoch milliseconds. */
export interface ProvisioningStatus {
  jobId: string;
  /** Graph's value, e.g. `Active`, `Paused`, `Quarantine`; `NotConfigured` and `NotRun` before the first cycle. */
  status: string;
  lastCycle: {
    state: string;
    endedAt: number | null;
    changed: number | null;
    failed: number | null;
  } | null;
  lastSuccessAt: number | null;
  quarantine: {
    reason: string;
    since: number | null;
    nextAttempt: number | null;
    /** When Entra ID gives up and disables the job. */
    disabledAt: number | null;
    /** Entra ID's own message, or null. */
    detail: string | null;
  } | null;
}

/** The stored status; null if none is stored, or if another version of this program stored it in a different format. */
export function parseStatus(stored: unknown): ProvisioningStatus | null {
  return isStatus(stored) ? stored : null;
}

function isStatus(value: unknown): value is ProvisioningStatus {
  return (
    isObject(value) &&
    typeof value.jobId === 'string' &&
    typeof value.status === 'string' &&
    isNumberOrNull(value.lastSuccessAt) &&
    (value.lastCycle === null || isCycle(value.lastCycle)) &&
    (value.quarantine === null || isQuarantine(value.quarantine))
  );
}

function isCycle(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.state === 'string' &&
    [value.endedAt, value.changed, value.failed].every(isNumberOrNull)
  );
}

function isQuarantine(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.reason === 'string' &&
    [value.since, value.nextAttempt, value.disabledAt].every(isNumberOrNull) &&
    isStringOrNull(value.detail)
  );
}

/**
 * The status of a job. `before` is the previous status. Graph may return only when a quarantine was last renewed, not when it
 * started; in that case, the earlier known time is used.
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

/** Whether Entra ID has quarantined the job. */
export function isQuarantined({ status, quarantine }: ProvisioningStatus): boolean {
  return status === 'Quarantine' || quarantine !== null;
}

/** Days until Entra ID disables a quarantined job, rounded down and never below 0; null without a quarantine. */
export function quarantineDaysLeft({ quarantine }: ProvisioningStatus, now: number): number | null {
  return quarantine?.since == null ? null : daysLeftInQuarantine(quarantine.since, now);
}

/** The status as sentences, most important first. */
export function describeStatus(status: ProvisioningStatus, now: number): string[] {
  const sentences = [statusSentences[status.status] ?? `Provisioning has the status "${status.status}".`];
  if (status.quarantine !== null) {
    const { since } = status.quarantine;
    const left = quarantineDaysLeft(status, now);
    sentences.push(`Reason: ${quarantineReason(status.quarantine)}`);
    if (since !== null) sentences.push(`In quarantine since ${instant(since)}.`);
    if (left !== null) sentences.push(`Entra ID disables it in ${plural(left, 'day')}.`);
  }
  const { lastCycle, lastSuccessAt } = status;
  if (lastCycle !== null) {
    const when = lastCycle.endedAt === null ? 'is in progress' : `ended ${instant(lastCycle.endedAt)}`;
    const failed = lastCycle.failed ? `, ${plural(lastCycle.failed, 'entry', 'entries')} failed` : '';
    sentences.push(`The last cycle ${when}: ${cycleStates[lastCycle.state] ?? lastCycle.state}${failed}.`);
  }
  if (lastSuccessAt !== null && lastSuccessAt !== lastCycle?.endedAt) {
    sentences.push(`The last cycle without errors ended ${instant(lastSuccessAt)}.`);
  }
  return sentences;
}

/** The reason as a sentence, with Entra ID's own message. */
export function quarantineReason({ reason, detail }: NonNullable<ProvisioningStatus['quarantine']>): string {
  return `${quarantineReasons[reason] ?? reason}.${detail === null ? '' : ` “${detail}”`}`;
}

/** By Graph's synchronizationStatus reference. */
const statusSentences: Record<string, string> = {
  NotConfigured: 'Provisioning has never run: it has no credentials yet.',
  NotRun: 'Provisioning is set up but has not finished its first cycle.',
  Active: 'Provisioning is running.',
  Paused: 'Provisioning is paused.',
  Quarantine: 'Provisioning is in quarantine. Entra ID retries less and less often.',
};

const cycleStates: Record<string, string> = {
  Succeeded: 'succeeded',
  Failed: 'failed',
  EntryLevelErrors: 'completed with errors for some entries',
};

/** By Graph's synchronizationQuarantine reference and Microsoft's article on quarantine. */
const quarantineReasons: Record<string, string> = {
  EncounteredQuarantineException: 'Webex did not accept the credentials, or did not respond as expected',
  EncounteredBaseEscrowThreshold: 'too many entries failed',
  EncounteredTotalEscrowThreshold: 'too many entries failed',
  EncounteredEscrowProportionThreshold: 'more than 40% of the changes failed',
  QuarantinedOnDemand: 'Microsoft or an administrator requested it',
  TooManyDeletes: 'more deletions were due than the accidental deletion threshold allows',
  IngestionInterrupted: 'reading the directory was interrupted',
  Unknown: 'Entra ID does not give a reason',
};
