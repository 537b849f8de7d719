import type { StoreContext, VaultOptions } from '../context.ts';
import { type HookRun, type HookRunOptions, runDueHooks } from './run-renewal-hook.ts';

/** Receives new tokens and runs of the hook, while a server runs. */
export interface RenewalListener {
  onRenewal(): void;
  onHook(run: HookRun): void;
}

/** A long list must not hold up its import. The next `serve` or `remind` runs the rest. */
const maxHooksAfterImport = 20;

/** What this process does after a profile got a new current token. The token is stored by then: nothing here delays it. */
export class Renewals {
  /** Whether a token became current, or a hook failed, that no listener received. */
  hasNews = false;
  readonly #context: StoreContext;
  readonly #onHook: (run: HookRun) => void;
  readonly #runHook: HookRunOptions['run'];
  readonly #running = new Set<Promise<void>>();
  #listener: RenewalListener | null = null;

  constructor(
    context: StoreContext,
    { onHook = () => {}, runHook }: Pick<VaultOptions, 'onHook' | 'runHook'> = {},
  ) {
    this.#context = context;
    this.#onHook = onHook;
    this.#runHook = runHook;
  }

  /**
   * Runs the renewal hook of the profile in the background, or after an import those of the first profiles. Call it after
   * the transaction that made the token current.
   */
  announce(profileId?: string): void {
    this.#tell();
    if (this.#context.settings.renewalHook === null) return;
    const run = runDueHooks(this.#context, {
      ...(profileId === undefined ? { limit: maxHooksAfterImport } : { profileId }),
      ...(this.#runHook !== undefined && { run: this.#runHook }),
      onHook: (each) => {
        (this.#listener?.onHook ?? this.#onHook)(each);
        if (each.error !== null) this.#tell();
      },
    }).then(
      () => {},
      // The store failed. The hook is still due, so that the next `serve` or `remind` runs it.
      () => {},
    );
    this.#running.add(run);
    void run.then(() => this.#running.delete(run));
  }

  listen(listener: RenewalListener): void {
    this.#listener = listener;
  }

  /** Waits for the hooks that run. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #tell(): void {
    if (this.#listener === null) this.hasNews = true;
    else this.#listener.onRenewal();
  }
}
