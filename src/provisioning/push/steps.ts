import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import type { PushContext, StepResult } from './push-context.ts';

/**
 * Which settings the provider has: `before`: the previous ones. `new`: the new ones. `either`: one of the two, because a response
 * was lost. `before-with-job`: the previous ones, and a new provisioning job that was not started.
 */
export type RemoteState = 'before' | 'before-with-job' | 'either' | 'new-untested' | 'new';

/** The steps of a push so far, each reported at once, and which settings the provider has after them. */
export class Steps {
  readonly results: StepResult[] = [];
  remoteState: RemoteState = 'before';
  readonly #context: Pick<PushContext, 'onEvent'>;

  constructor(context: Pick<PushContext, 'onEvent'>) {
    this.#context = context;
  }

  /**
   * Runs a step and records its message. If the step throws, it is recorded as failed and the error is rethrown. A step that a
   * person canceled or has to do manually is not a failure, and is recorded as skipped.
   */
  async run<T>(
    step: string,
    work: () => Promise<{ value: T; status?: 'skipped' | 'planned'; message: string }>,
  ): Promise<T> {
    try {
      const { value, status = 'done', message } = await work();
      this.#record({ step, status, message });
      return value;
    } catch (error) {
      const message = error instanceof BrokerError ? error.message : 'An unexpected error occurred.';
      const isSkipped = error instanceof BrokerError && skipping.includes(error.code);
      this.#record({ step, status: isSkipped ? 'skipped' : 'failed', message });
      throw error;
    }
  }

  #record(result: StepResult): void {
    this.results.push(result);
    this.#context.onEvent({ type: 'step', step: result });
  }
}

const skipping: readonly ErrorCode[] = ['E_CANCELED', 'E_ENTRA_MANUAL', 'E_OKTA_MANUAL'];

/** The error when the person canceled. `PushError` adds which settings the provider has. */
export function canceled(): BrokerError {
  return new BrokerError('E_CANCELED', 'Canceled.');
}
