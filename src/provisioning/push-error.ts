import { BrokerError } from '../errors/broker-error.ts';
import type { StepResult } from './steps.ts';

/** Which token the tool has: the one from before, the new one, or, after a lost answer, one of the two. */
export type RemoteState = 'before' | 'before-with-job' | 'either' | 'new-untested' | 'new';

/** A push that did not come to its end. `inPlace` says which token the tool has now. */
export class PushError extends BrokerError {
  readonly inPlace: RemoteState;
  readonly steps: StepResult[];

  constructor(cause: BrokerError, tool: string, inPlace: RemoteState, steps: StepResult[]) {
    super(cause.code, `${cause.message} ${words(tool)[inPlace]}`, {
      cause,
      ...(cause.help === undefined ? {} : { help: cause.help }),
    });
    this.inPlace = inPlace;
    this.steps = steps;
  }
}

const words = (tool: string): Record<RemoteState, string> => ({
  before: `Nothing was changed there: what ${tool} had before is still in place.`,
  'before-with-job': `But for a provisioning job, which was created and not started, nothing was changed there: what ${tool} had before is still in place.`,
  either: `The answer to saving was lost, so ${tool} has either what it had before or the new token, whole. Run the same command again: it finishes the job.`,
  'new-untested': `The new token is saved in ${tool} and passed its test before, but what is saved did not pass its own yet. Run the same command again.`,
  new: `The new token is saved in ${tool}, and tested. Run the same command again to finish the rest.`,
});

/** Runs a push, and adds to what ends it early which token is in place. Throws `PushError`. */
export async function withRemoteState<T>(
  tool: string,
  steps: StepResult[],
  push: (setRemoteState: (inPlace: RemoteState) => void) => Promise<T>,
): Promise<T> {
  let inPlace: RemoteState = 'before';
  try {
    return await push((now) => {
      inPlace = now;
    });
  } catch (error) {
    if (error instanceof BrokerError) throw new PushError(error, tool, inPlace, steps);
    throw error;
  }
}
