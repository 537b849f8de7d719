/** How many results are maxRemembered, so that a page that is loaded again finds its own. */
const maxRemembered = 200;

/** Work that pages have begun, by a key: no two at once for one key, and the newest results are kept in memory. */
export class BackgroundTasks<Result> {
  readonly #running = new Map<string, Promise<Result | null>>();
  readonly #results = new Map<string, Result>();
  readonly #failed: (key: string, error: unknown) => void;

  /** `failed` is told of work that threw. */
  constructor(failed: (key: string, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Starts the work, unless it is under way for this key. Null where it throws. */
  start(key: string, work: () => Promise<Result>): Promise<Result | null> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const task = work()
      .then((result) => {
        this.#remember(key, result);
        return result;
      })
      .catch((error: unknown) => {
        this.#failed(key, error);
        return null;
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, task);
    return task;
  }

  /** Whether the work is over within `milliseconds`; true where none is under way. */
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

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #remember(key: string, result: Result): void {
    // Once more at the end, where it was there before.
    this.#results.delete(key);
    this.#results.set(key, result);
    const oldest = this.#results.keys().next();
    if (this.#results.size > maxRemembered && !oldest.done) this.#results.delete(oldest.value);
  }
}
