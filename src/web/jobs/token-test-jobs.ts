import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { type TokenTestResult, testToken } from '../../vault/tokens/test-token.ts';
import { BackgroundTasks } from './background-tasks.ts';

/** What came of "Test it". */
export interface TokenTestOutcome {
  /** Epoch milliseconds. */
  at: number;
  proof: TokenTestResult | null;
  /** Why there was nothing to ask Webex about. */
  refusal: BrokerError | null;
}

/** The tests that a person asks for, by the profile's name, and the latest result of each. */
export class TokenTestJobs {
  readonly #vault: Vault;
  readonly #tasks: BackgroundTasks<TokenTestOutcome>;

  constructor(vault: Vault, log: Logger) {
    this.#vault = vault;
    this.#tasks = new BackgroundTasks((profile, error) =>
      log.error({ profile, ...toSafeError(error) }, 'the test of a token failed'),
    );
  }

  start(profile: string, actor: Actor): void {
    const at = () => this.#vault.now();
    void this.#tasks.start(profile, () =>
      testToken(this.#vault, profile, actor).then(
        (proof) => ({ at: at(), proof, refusal: null }),
        (error: unknown) => {
          if (error instanceof BrokerError) return { at: at(), proof: null, refusal: error };
          throw error;
        },
      ),
    );
  }

  finishesWithin(profile: string, milliseconds: number): Promise<boolean> {
    return this.#tasks.finishesWithin(profile, milliseconds);
  }

  latest(profile: string): TokenTestOutcome | null {
    return this.#tasks.result(profile);
  }

  idle(): Promise<void> {
    return this.#tasks.idle();
  }
}
