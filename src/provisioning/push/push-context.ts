import type { RetryHooks } from '../../http/retry.ts';
import type { RequestPreview } from '../requests/request-preview.ts';

/** The result of one step of a push. */
export interface StepResult {
  /** Its stable name, e.g. `test-new`. */
  step: string;
  /** `skipped`: not needed or not requested. `planned`: a real run would do this. */
  status: 'done' | 'skipped' | 'planned' | 'failed';
  /** One or two sentences, safe to display. */
  message: string;
}

/** The address that a person has to open and the code to enter there, to sign in (RFC 8628 §3.3). */
export interface DeviceCode {
  userCode: string;
  verificationUri: string;
  /** Seconds. */
  expiresIn: number;
}

/** The events while a provider is called, in order. */
export type PushEvent =
  | { type: 'step'; step: StepResult }
  /** Sent before each request, and for each request that a dry run does not send. */
  | { type: 'request'; request: RequestPreview }
  /** A person has to sign in; the push waits until then. */
  | { type: 'device-code'; code: DeviceCode }
  /** A reason why the provider may not be able to reach this server, or to provision. */
  | { type: 'warning'; message: string }
  /** A request failed and is repeated after a pause. */
  | { type: 'wait'; seconds: number; reason: string };

/** The dependencies of calls to a provider. They are passed in, so that tests need no network and do not wait. */
export interface PushContext {
  fetch: typeof globalThis.fetch;
  /** Milliseconds. */
  sleep: (milliseconds: number) => Promise<void>;
  onEvent: (event: PushEvent) => void;
  /** Cancels the sign-in. After the sign-in, a push continues to its end, so that nothing is left half done. */
  signal?: AbortSignal;
}

/** This context, in the form that `withRetry` needs. */
export function retryHooks({ sleep, onEvent }: Pick<PushContext, 'sleep' | 'onEvent'>): RetryHooks {
  return { sleep, onWait: (seconds, reason) => onEvent({ type: 'wait', seconds, reason }) };
}
