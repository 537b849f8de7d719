import type { HttpFailure, JsonResponse } from './json-client.ts';

/** Passed in, so that tests do not wait. */
export interface RetryHooks {
  sleep: (milliseconds: number) => Promise<void>;
  /** Called before each wait, so that the reason can be shown. */
  onWait: (seconds: number, why: string) => void;
}

export interface RetryRules {
  /** Whether the request can safely be sent twice, for example after a lost response. */
  idempotent: boolean;
  /** Whether 401, 403 and 409 can mean that a new object has not propagated yet. */
  eventuallyConsistent: boolean;
}

/** Seconds between attempts. Propagation takes longer than a transient failure. */
const propagationDelays = [2, 4, 8, 16];
const transientDelays = [1, 2, 4];

/** A longer `Retry-After` is reported instead of waited for. Seconds. */
const maxRetryAfterSeconds = 120;

/** Retries the call a limited number of times, as long as a retry may help. Returns the last response. */
export async function withRetry(
  call: () => Promise<JsonResponse>,
  rules: RetryRules,
  { sleep, onWait }: RetryHooks,
): Promise<JsonResponse> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await call();
    if (answer.ok) return answer;
    const seconds = waitAfter(answer.failure, rules, attempt);
    if (seconds === null) return answer;
    onWait(seconds, reasonIn(answer.failure));
    await sleep(seconds * 1000);
  }
}

/** Null if a retry would not help, or the attempts are used up. */
function waitAfter(failure: HttpFailure, rules: RetryRules, attempt: number): number | null {
  switch (failure.reason) {
    case 'rate-limited': {
      const usual = transientDelays[attempt];
      if (usual === undefined) return null;
      const asked = failure.retryAfterSeconds ?? usual;
      return asked <= maxRetryAfterSeconds ? asked : null;
    }
    case 'unauthorized':
    case 'forbidden':
      return rules.eventuallyConsistent ? (propagationDelays[attempt] ?? null) : null;
    case 'unexpected-status':
      return rules.eventuallyConsistent && failure.status === 409
        ? (propagationDelays[attempt] ?? null)
        : null;
    case 'server-error':
    case 'timeout':
    case 'network':
      return rules.idempotent ? (transientDelays[attempt] ?? null) : null;
    default:
      return null;
  }
}

function reasonIn({ host, status, reason }: HttpFailure): string {
  if (status === 429) return `${host} received too many requests (429)`;
  if (status === 401 || status === 403 || status === 409) {
    return `${host} responds with ${status}, which is normal for a short time after an application is created`;
  }
  if (status !== null && status >= 500) return `${host} reports a server error (${status})`;
  return reason === 'timeout'
    ? `${host} did not respond in time`
    : `the connection to ${host} was interrupted`;
}
