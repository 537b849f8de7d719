import type { Logger } from 'pino';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { reverifyToken } from '../../vault/tokens/reverify-token.ts';
import { type VerificationResult, verifyToken } from '../../vault/tokens/verify-token.ts';
import { BackgroundTasks } from './background-tasks.ts';

/** The checks of captured tokens with Webex, which run while the person's browser is on its way to the result. */
export class VerificationJobs {
  readonly #vault: Vault;
  readonly #tasks: BackgroundTasks<VerificationResult>;

  constructor(vault: Vault, log: Logger) {
    this.#vault = vault;
    this.#tasks = new BackgroundTasks((tokenId, error) =>
      log.error({ tokenId, ...toSafeError(error) }, 'the check of a captured token failed'),
    );
  }

  /** Starts the check of a token, unless it is under way. Null where it failed for a reason of our own. */
  start(tokenId: string, actor: Actor): Promise<VerificationResult | null> {
    return this.#tasks.start(tokenId, () => verifyToken(this.#vault, tokenId, actor));
  }

  /** The same for one that Webex could not be asked about before. */
  again(tokenId: string, actor: Actor): Promise<VerificationResult | null> {
    return this.#tasks.start(tokenId, () => reverifyToken(this.#vault, tokenId, actor));
  }

  /** Whether a check is over within `milliseconds`; true where none is under way. */
  finishesWithin(tokenId: string, milliseconds: number): Promise<boolean> {
    return this.#tasks.finishesWithin(tokenId, milliseconds);
  }

  /** Why Webex could not be asked about a token, where this server was the one to ask. */
  reasonFor(tokenId: string): { message: string; help: string } | null {
    const settled = this.#tasks.result(tokenId);
    return settled !== null && 'why' in settled ? settled.why : null;
  }

  /** Resolves once no check is under way. */
  idle(): Promise<void> {
    return this.#tasks.idle();
  }
}
