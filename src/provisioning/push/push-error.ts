import { BrokerError } from '../../errors/broker-error.ts';
import type { Via } from './provider-push.ts';
import type { StepResult } from './push-context.ts';
import type { RemoteState, Steps } from './steps.ts';

/** Thrown if a push failed or was canceled. `remoteState` says which token the provider has now. */
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
  before: `Nothing was changed: ${provider} still has its previous settings.`,
  'before-with-job': `A provisioning job was created but not started. Otherwise nothing was changed: ${provider} still has its previous settings.`,
  either: `The response to saving was lost, so ${provider} has either its previous settings or all of the new ones. Run the same command again to finish.`,
  'new-untested': `${saved} saved in ${provider} and passed ${its} test before that, but the saved settings have not been tested yet. Run the same command again.`,
  new: `${saved} saved in ${provider} and tested. Run the same command again to finish the rest.`,
});
