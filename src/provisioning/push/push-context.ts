import type { RetryHooks } from '../../http/retry.ts';
import type { RequestPreview } from '../requests/request-preview.ts';

/** The result of one step of a push. */
export interface StepResult {
  /** Its stable name, e.g. `test-new`. */
  step: string;
  /** `skipped`: not needed, or not asked for. `planned`: what a dry run would do. */
  status: 'done' | 'skipped' | 'planned' | 'failed';
  /** One or two sentences, fit to be shown. */
  message: string;
}

/** What a person has to do to sign in (RFC 8628 §3.3): open the address, and enter the code. */
export interface DeviceCode {
  userCode: string;
  verificationUri: string;
  /** Seconds. */
  expiresIn: number;
}

/** What happens while a provider is called, in order. */
export type PushEvent =
  | { type: 'step'; step: StepResult }
  /** Sent before each request, and for each request that a dry run leaves out. */
  | { type: 'request'; request: RequestPreview }
  /** A person has to sign in; the push waits until then. */
  | { type: 'device-code'; code: DeviceCode }
  /** What may keep the provider from reaching us. */
  | { type: 'warning'; message: string }
  /** A request failed and is repeated after a pause. */
  | { type: 'wait'; seconds: number; reason: string };

/** What calls to a provider depend on. Passed in, so that a test needs no network and no time. */
export interface PushContext {
  fetch: typeof globalThis.fetch;
  /** Milliseconds. */
  sleep: (milliseconds: number) => Promise<void>;
  onEvent: (event: PushEvent) => void;
  /** Cancels the sign-in. A push that is past it continues to its end, so that it leaves nothing half done. */
  signal?: AbortSignal;
}

/** The same context as `withRetry` takes it. */
export function retryHooks({ sleep, onEvent }: Pick<PushContext, 'sleep' | 'onEvent'>): RetryHooks {
  return { sleep, onWait: (seconds, reason) => onEvent({ type: 'wait', seconds, reason }) };
}
