import type { HttpFailure, JsonResponse } from './json-client.ts';

/** How long a push waits and tries again. Passed in, so that a test does not have to wait. */
export interface RetryHooks {
  sleep: (milliseconds: number) => Promise<void>;
  /** Told before each wait, so that nobody wonders why nothing happens. */
  onWait: (seconds: number, why: string) => void;
}

export interface RetryRules {
  /** Whether the request can be sent twice without harm, so that a lost answer is no end. */
  idempotent: boolean;
  /** Whether 401, 403 and 409 may only mean that something new is not known everywhere yet. */
  eventuallyConsistent: boolean;
}

/** Seconds between the attempts: what is new takes longer to be known than a hiccup to pass. */
const propagationDelays = [2, 4, 8, 16];
const transientDelays = [1, 2, 4];

/** A longer `Retry-After` is reported instead of waited for. Seconds. */
const maxRetryAfterSeconds = 120;

/** Calls, and calls again while that may help: a bounded number of times. The last answer is returned. */
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

/** Null where trying again would not help, or did not often enough. */
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
  if (status === 429) return `${host} has had too many requests (429)`;
  if (status === 401 || status === 403 || status === 409) {
    return `${host} answers ${status}, as it does for a while for an application that is new`;
  }
  if (status !== null && status >= 500) return `${host} has a problem of its own (${status})`;
  return reason === 'timeout' ? `${host} did not answer in time` : `the connection to ${host} broke`;
}
