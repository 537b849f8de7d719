import type { StoreContext, VaultOptions } from '../context.ts';
import { type HookRun, type HookRunOptions, runDueHooks } from './run-renewal-hook.ts';

/** Is notified about new tokens and hook runs while a server runs. */
export interface RenewalListener {
  onRenewal(): void;
  onHook(run: HookRun): void;
}

/** How many hooks run after an import, so that a long list does not delay it. The next `serve` or `remind` runs the rest. */
const maxHooksAfterImport = 20;

/** The actions of this process after a profile got a new current token. They start after the token is stored. */
export class Renewals {
  /** Whether there is a new token or a failed hook about which no listener was notified. */
  hasUnsentEvents = false;
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
   * Runs the renewal hook for the profile in the background; after an import, for the first of its profiles. Call this after
   * the transaction that made the token current.
   */
  announce(profileId?: string): void {
    this.#notify();
    if (this.#context.settings.renewalHook === null) return;
    const run = runDueHooks(this.#context, {
      ...(profileId === undefined ? { limit: maxHooksAfterImport } : { profileId }),
      ...(this.#runHook !== undefined && { run: this.#runHook }),
      onHook: (each) => {
        (this.#listener?.onHook ?? this.#onHook)(each);
        if (each.error !== null) this.#notify();
      },
    }).then(
      () => {},
      // The store failed. The hook is still due, so the next `serve` or `remind` runs it.
      () => {},
    );
    this.#running.add(run);
    void run.then(() => this.#running.delete(run));
  }

  listen(listener: RenewalListener): void {
    this.#listener = listener;
  }

  /** Waits for the running hooks. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #notify(): void {
    if (this.#listener === null) this.hasUnsentEvents = true;
    else this.#listener.onRenewal();
  }
}
