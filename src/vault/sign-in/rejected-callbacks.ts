import { networkOf } from '../../domain/network.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { AuditEntry } from '../../store/audit/chain.ts';
import type { Db } from '../../store/db.ts';

/** How often a row is written for the same reason, at most. Milliseconds. */
const everyMs = 60_000;

/** How many combinations of reason and network are tracked. Beyond that, only reasons are tracked. */
const maxTracked = 1_000;

interface Context {
  db: Db;
  /** Epoch milliseconds. */
  now: () => number;
}

interface Tracked {
  writtenAt: number;
  /** The values that all counted rejections have in common. */
  entry: AuditEntry;
  /** How many rejections were counted since and are not written yet. */
  more: number;
  /** Their address; undefined if they came from several. */
  address: string | null | undefined;
  timer: NodeJS.Timeout;
}

/**
 * Records rejected requests, which anyone can send in any number, without letting them fill the disk. The first one for each
 * reason, client and network is written at once. The number of further ones is written once a minute and at the end.
 */
export class RejectedCallbackLog {
  readonly #context: Context;
  readonly #tracked = new Map<string, Tracked>();
  #writing: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Writes or counts a rejected request. Its `outcome` is one of a few short reasons. */
  async record(entry: AuditEntry): Promise<void> {
    if (!this.isFirst(entry)) return;
    this.#append(entry);
    await this.#writing;
  }

  /** Whether the caller has to write this entry now. If not, it is counted, and the count is written later. */
  isFirst(entry: AuditEntry): boolean {
    const key = this.#keyOf(entry);
    const tracked = this.#tracked.get(key);
    const now = this.#context.now();
    // A clock that was set back must not suppress rows.
    if (tracked !== undefined && Math.abs(now - tracked.writtenAt) < everyMs) {
      const { address } = entry;
      tracked.address = tracked.more === 0 || tracked.address === address ? address : undefined;
      tracked.more += 1;
      return false;
    }
    if (tracked !== undefined) this.#write(tracked);
    const timer = setTimeout(() => this.#forget(key), everyMs).unref();
    const { action, outcome, client } = entry;
    const common =
      key === reasonKey(entry) ? { action, outcome } : { action, outcome, client: client ?? null };
    this.#tracked.set(key, { writtenAt: now, entry: common, more: 0, address: undefined, timer });
    return true;
  }

  /** Writes the remaining counts. */
  async close(): Promise<void> {
    for (const key of [...this.#tracked.keys()]) this.#forget(key);
    await this.#writing;
  }

  #keyOf(entry: AuditEntry): string {
    const { action, outcome, client = null, address } = entry;
    const key = JSON.stringify([action, outcome, client, address == null ? null : networkOf(address)]);
    return this.#tracked.has(key) || this.#tracked.size < maxTracked ? key : reasonKey(entry);
  }

  #forget(key: string): void {
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) return;
    this.#tracked.delete(key);
    this.#write(tracked);
  }

  #write({ entry, more, address, timer }: Tracked): void {
    clearTimeout(timer);
    if (more === 0) return;
    this.#append({ ...entry, outcome: `${entry.outcome}, ${more} more`, address: address ?? null });
  }

  #append(entry: AuditEntry): void {
    const { db, now } = this.#context;
    const write = () => db.transaction().execute((trx) => appendAudit(trx, now(), entry));
    // A failed write does not prevent the next one; `record` reports it to its caller.
    this.#writing = this.#writing.then(write, write);
    this.#writing.catch(() => {});
  }
}

function reasonKey({ action, outcome }: AuditEntry): string {
  return JSON.stringify([action, outcome]);
}
