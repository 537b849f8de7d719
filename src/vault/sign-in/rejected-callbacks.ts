import { networkOf } from '../../domain/network.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { AuditEntry } from '../../store/audit/chain.ts';
import type { Db } from '../../store/db.ts';

/** How often one reason is written. Milliseconds. */
const everyMs = 60_000;

/** How many reasons and addresses are told apart; of more, only the reason is. */
const maxTracked = 1_000;

interface Context {
  db: Db;
  /** Epoch milliseconds. */
  now: () => number;
}

interface Since {
  writtenAt: number;
  /** What all of them said. */
  entry: AuditEntry;
  /** How many came since, and are not written yet. */
  more: number;
  /** From where; undefined where they came from several places. */
  address: string | null | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Refusals of what anybody can send, as often as they like. So that nobody can fill the disk, the first of a reason,
 * client and network is written at once, and how many more there were once a minute and at the end.
 */
export class RejectedCallbackLog {
  readonly #context: Context;
  readonly #since = new Map<string, Since>();
  #writing: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Writes a refusal, or counts it. Its `outcome` is a short reason, one of a few. */
  async record(entry: AuditEntry): Promise<void> {
    if (!this.isFirst(entry)) return;
    this.#append(entry);
    await this.#writing;
  }

  /** Whether the caller has to write this one now. If not, it is counted, and its number is written later. */
  isFirst(entry: AuditEntry): boolean {
    const key = this.#keyOf(entry);
    const since = this.#since.get(key);
    const now = this.#context.now();
    // A clock that was set back must not keep anything from being written.
    if (since !== undefined && Math.abs(now - since.writtenAt) < everyMs) {
      const { address } = entry;
      since.address = since.more === 0 || since.address === address ? address : undefined;
      since.more += 1;
      return false;
    }
    if (since !== undefined) this.#write(since);
    const timer = setTimeout(() => this.#forget(key), everyMs).unref();
    const { action, outcome, client } = entry;
    const told = key === reasonKey(entry) ? { action, outcome } : { action, outcome, client: client ?? null };
    this.#since.set(key, { writtenAt: now, entry: told, more: 0, address: undefined, timer });
    return true;
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    for (const key of [...this.#since.keys()]) this.#forget(key);
    await this.#writing;
  }

  #keyOf(entry: AuditEntry): string {
    const { action, outcome, client = null, address } = entry;
    const key = JSON.stringify([action, outcome, client, address == null ? null : networkOf(address)]);
    return this.#since.has(key) || this.#since.size < maxTracked ? key : reasonKey(entry);
  }

  #forget(key: string): void {
    const since = this.#since.get(key);
    if (since === undefined) return;
    this.#since.delete(key);
    this.#write(since);
  }

  #write({ entry, more, address, timer }: Since): void {
    clearTimeout(timer);
    if (more === 0) return;
    this.#append({ ...entry, outcome: `${entry.outcome}, ${more} more`, address: address ?? null });
  }

  #append(entry: AuditEntry): void {
    const { db, now } = this.#context;
    const write = () => db.transaction().execute((trx) => appendAudit(trx, now(), entry));
    // One that cannot be written keeps nothing else from being tried, and whoever waits for it hears of it.
    this.#writing = this.#writing.then(write, write);
    this.#writing.catch(() => {});
  }
}

function reasonKey({ action, outcome }: AuditEntry): string {
  return JSON.stringify([action, outcome]);
}
