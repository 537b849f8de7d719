import { BrokerError } from '../errors/broker-error.ts';

/** What became of one step of a hand-over. */
export interface StepResult {
  /** Its stable name, e.g. `test-new`. */
  step: string;
  /** `left`: not needed, or not asked for. `planned`: what a dry run would do. */
  status: 'done' | 'left' | 'planned' | 'failed';
  /** One or two sentences, fit to be shown. */
  message: string;
}

/** The results of the steps so far, each told to `onStep` at once. */
export class Steps {
  readonly results: StepResult[] = [];
  readonly #onStep: (result: StepResult) => void;

  constructor(onStep: (result: StepResult) => void) {
    this.#onStep = onStep;
  }

  add(step: string, status: StepResult['status'], message: string): void {
    const result = { step, status, message };
    this.results.push(result);
    this.#onStep(result);
  }

  /** Runs a step and keeps what it says. One that throws is kept as failed, and throws on. */
  async run<T>(
    step: string,
    work: () => Promise<{ value: T; status?: 'left' | 'planned'; message: string }>,
  ) {
    try {
      const { value, status = 'done', message } = await work();
      this.add(step, status, message);
      return value;
    } catch (error) {
      const message = error instanceof BrokerError ? error.message : 'The program failed unexpectedly.';
      this.add(step, 'failed', message);
      throw error;
    }
  }
}
