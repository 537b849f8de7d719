import { BrokerError } from '../../errors/broker-error.ts';
import type { Via } from './provider-push.ts';
import type { StepResult } from './push-context.ts';
import type { RemoteState, Steps } from './steps.ts';

/** A push that failed or was canceled. `remoteState` says which token the provider holds now. */
export class PushError extends BrokerError {
  readonly remoteState: RemoteState;
  readonly steps: StepResult[];

  constructor(cause: BrokerError, provider: string, { remoteState, results }: Steps, via: Via) {
    const [saved, its] =
      via === 'token' ? ['The new token is', 'its'] : ['The address and the new secret are', 'their'];
    super(cause.code, `${cause.message} ${sentences(provider, saved, its)[remoteState]}`, {
      cause,
      help: cause.remedies,
    });
    this.remoteState = remoteState;
    this.steps = results;
  }
}

const sentences = (provider: string, saved: string, its: string): Record<RemoteState, string> => ({
  before: `Nothing was changed: ${provider} still holds what it held before.`,
  'before-with-job': `A provisioning job was created and not started; otherwise nothing was changed: ${provider} still holds what it held before.`,
  either: `The response to saving was lost, so ${provider} holds either what it held before or the new settings, complete. Run the same command again to finish.`,
  'new-untested': `${saved} saved in ${provider} and passed ${its} test before, but the saved settings have not passed theirs yet. Run the same command again.`,
  new: `${saved} saved in ${provider} and tested. Run the same command again to finish the rest.`,
});
