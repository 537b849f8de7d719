/** How many results are kept, so that a reloaded page still finds its result. */
const maxResults = 200;

/**
 * Work that a page starts and whose result a later request reads. At most one task runs per key. The newest results are
 * kept in memory.
 */
export class BackgroundTasks<Result> {
  readonly #running = new Map<string, Promise<Result | null>>();
  readonly #results = new Map<string, Result>();
  readonly #onError: (key: string, error: unknown) => void;

  /** `onError` is called for work that throws. */
  constructor(onError: (key: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Starts the work, unless a task is already running for this key. Null if it throws. */
  start(key: string, work: () => Promise<Result>): Promise<Result | null> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const task = work()
      .then((result) => {
        this.#keep(key, result);
        return result;
      })
      .catch((error: unknown) => {
        this.#onError(key, error);
        return null;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, task);
    return task;
  }

  /** Whether the work ends within `milliseconds`; true if none is running. */
  async finishesWithin(key: string, milliseconds: number): Promise<boolean> {
    const running = this.#running.get(key);
    if (running === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds);
    });
    const inTime = await Promise.race([running.then(() => true), late]);
    clearTimeout(timer);
    return inTime;
  }

  result(key: string): Result | null {
    return this.#results.get(key) ?? null;
  }

  /** Resolves once no work is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #keep(key: string, result: Result): void {
    // A map keeps the position of a key that is set again, but the newest result belongs at the end.
    this.#results.delete(key);
    this.#results.set(key, result);
    const oldest = this.#results.keys().next();
    if (this.#results.size > maxResults && !oldest.done) this.#results.delete(oldest.value);
  }
}
