import { appendAudit } from '../store/audit.ts';
import type { Db } from '../store/store.ts';
import type { Actor, Vault } from './vault.ts';

/** How often one reason is written. Milliseconds. */
const everyMs = 60_000;

interface Since {
  writtenAt: number;
  /** How many came since, and are not written yet. */
  more: number;
  /** From where; undefined where they came from several places. */
  address: string | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Refusals of answers that nobody asked for. Every program of this machine can bring some, as many as it likes: so that
 * none can fill the disk, the first of a reason is written at once, and how many more there were once a minute.
 */
export class Refusals {
  readonly #vault: Pick<Vault, 'db' | 'now'>;
  readonly #since = new Map<string, Since>();
  #writing: Promise<void> = Promise.resolve();

  constructor(vault: Pick<Vault, 'db' | 'now'>) {
    this.#vault = vault;
  }

  /** The same for everything that uses this store in this process. */
  static of(vault: Pick<Vault, 'db' | 'now'>): Refusals {
    const known = all.get(vault.db) ?? new Refusals(vault);
    all.set(vault.db, known);
    return known;
  }

  /** `outcome` is a short reason, one of a few. */
  async note(outcome: string, actor: Actor): Promise<void> {
    const since = this.#since.get(outcome);
    const now = this.#vault.now();
    // A clock that was set back must not keep anything from being written.
    if (since !== undefined && Math.abs(now - since.writtenAt) < everyMs) {
      since.address = since.more === 0 || since.address === actor.address ? actor.address : undefined;
      since.more += 1;
      return;
    }
    if (since !== undefined) this.#write(outcome, since);
    const timer = setTimeout(() => this.#forget(outcome), everyMs).unref();
    this.#since.set(outcome, { writtenAt: now, more: 0, address: undefined, timer });
    this.#append(outcome, actor);
    await this.#writing;
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    for (const outcome of [...this.#since.keys()]) this.#forget(outcome);
    await this.#writing;
  }

  #forget(outcome: string): void {
    const since = this.#since.get(outcome);
    if (since === undefined) return;
    this.#since.delete(outcome);
    this.#write(outcome, since);
  }

  #write(outcome: string, { more, address, timer }: Since): void {
    clearTimeout(timer);
    if (more > 0) this.#append(`${outcome}, ${more} more`, address === undefined ? {} : { address });
  }

  #append(outcome: string, actor: Actor): void {
    const { db, now } = this.#vault;
    const write = () =>
      db.transaction().execute((trx) => appendAudit(trx, now(), { action: 'capture', outcome, ...actor }));
    // One that cannot be written keeps nothing else from being tried, and whoever waits for it hears of it.
    this.#writing = this.#writing.then(write, write);
    this.#writing.catch(() => {});
  }
}

const all = new WeakMap<Db, Refusals>();
