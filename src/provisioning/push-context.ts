import type { RetryHooks } from '../http/retry.ts';
import type { RequestPreview } from './request-preview.ts';
import type { StepResult } from './steps.ts';

/** What a hand-over needs of the world, and whom it tells how it goes. */
export interface PushContext {
  fetch: typeof globalThis.fetch;
  patience: RetryHooks;
  onStep: (result: StepResult) => void;
  onRequest: (request: RequestPreview) => void;
}
