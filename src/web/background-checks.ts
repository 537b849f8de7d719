import type { Logger } from 'pino';
import { type Settled, settleToken } from '../vault/settle.ts';
import type { Actor, Vault } from '../vault/vault.ts';
import { describeError } from './describe-error.ts';

/** How many results are remembered, so that a page can still say why a check could not be made. */
const rememberedResults = 200;

/** The checks of captured tokens with Webex, which run while the person's browser is on its way to the result. */
export class BackgroundChecks {
  readonly #vault: Vault;
  readonly #log: Logger;
  readonly #running = new Map<string, Promise<Settled | null>>();
  readonly #results = new Map<string, Settled>();

  constructor(vault: Vault, log: Logger) {
    this.#vault = vault;
    this.#log = log;
  }

  /** Starts the check of a token, unless it is under way. Null where it failed for a reason of our own. */
  start(tokenId: string, actor: Actor): Promise<Settled | null> {
    const running = this.#running.get(tokenId);
    if (running !== undefined) return running;
    const check = settleToken(this.#vault, tokenId, actor)
      .then((settled) => {
        this.#remember(tokenId, settled);
        return settled;
      })
      .catch((error: unknown) => {
        this.#log.error({ tokenId, ...describeError(error) }, 'the check of a captured token failed');
        return null;
      })
      .finally(() => this.#running.delete(tokenId));
    this.#running.set(tokenId, check);
    return check;
  }

  /** Whether a check is over within `milliseconds`; true where none is under way. */
  async settledWithin(tokenId: string, milliseconds: number): Promise<boolean> {
    const running = this.#running.get(tokenId);
    if (running === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds);
    });
    const inTime = await Promise.race([running.then(() => true), late]);
    clearTimeout(timer);
    return inTime;
  }

  /** Why Webex could not be asked about a token, where this server was the one to ask. */
  reasonFor(tokenId: string): { message: string; help: string } | null {
    const settled = this.#results.get(tokenId);
    return settled?.outcome === 'unverified' ? settled.why : null;
  }

  /** Resolves once no check is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #remember(tokenId: string, settled: Settled): void {
    this.#results.set(tokenId, settled);
    const oldest = this.#results.keys().next();
    if (this.#results.size > rememberedResults && !oldest.done) this.#results.delete(oldest.value);
  }
}
