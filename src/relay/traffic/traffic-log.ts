import type { Logger } from 'pino';
import { addTraffic, slotOf, type TrafficChange } from '../../store/profiles/relay-traffic.ts';
import type { Vault } from '../../vault/context.ts';
import { RequestCounts } from './request-counts.ts';

/** How often the counts are written to the store. Milliseconds. */
const writeEveryMs = 5_000;

/** A completed request from an authenticated client. */
export interface RelayedRequest {
  profileId: string;
  profile: string;
  method: string;
  /** The status that the client got, or why it did not get a complete response. */
  status: number | 'cut-off' | 'client-gone';
  seconds: number;
  /** The error that the profile's page shows; null for a success, or for a rejection caused by the client itself. */
  error: string | null;
}

type Change = Omit<TrafficChange, 'slots'> & {
  slots: Map<number, { slot: number; succeeded: number; failed: number }>;
};

/**
 * Counts the requests of the relay in memory for Prometheus, which adds up the replicas, and every few seconds in the store,
 * from which the profile's page shows the requests of all replicas. It only knows profile, method and status.
 */
export class TrafficLog {
  readonly #vault: Pick<Vault, 'db' | 'now'>;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #counts = new RequestCounts();
  #changes = new Map<string, Change>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(vault: Pick<Vault, 'db' | 'now'>, log: Pick<Logger, 'warn'>) {
    this.#vault = vault;
    this.#log = log;
  }

  count({ profileId, profile, method, status, seconds, error }: RelayedRequest): void {
    const shown = typeof status === 'number' ? `${Math.floor(status / 100)}xx` : status;
    this.#counts.add(profile, method, shown, seconds);
    const now = this.#vault.now();
    const change = this.#changeOf(profileId);
    const at = slotOf(now);
    const slot = change.slots.get(at) ?? { slot: at, succeeded: 0, failed: 0 };
    change.slots.set(at, slot);
    if (typeof status === 'number' && status < 400) {
      slot.succeeded += 1;
      change.lastSuccessAt = now;
    } else slot.failed += 1;
    if (error !== null) change.lastError = { at: now, error };
    this.#timer ??= setTimeout(() => void this.write(), writeEveryMs).unref();
  }

  upstreamError(profile: string, reason: string): void {
    this.#counts.addUpstreamError(profile, reason);
  }

  /** In the text format of Prometheus. */
  metrics(): string {
    return this.#counts.text();
  }

  /** Writes the counts to the store. If that fails, the next call writes them too. */
  async write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const changes = this.#changes;
    if (changes.size === 0) return;
    this.#changes = new Map();
    try {
      const rows = [...changes.values()].map((change) => ({ ...change, slots: [...change.slots.values()] }));
      await addTraffic(this.#vault.db, rows, this.#vault.now());
    } catch (error) {
      this.#log.warn({ err: error }, 'the traffic of the relay could not be counted');
      this.#keep(changes);
    }
  }

  #keep(changes: Map<string, Change>): void {
    for (const [profileId, old] of changes) {
      const change = this.#changeOf(profileId);
      for (const { slot, succeeded, failed } of old.slots.values()) {
        const known = change.slots.get(slot) ?? { slot, succeeded: 0, failed: 0 };
        change.slots.set(slot, {
          slot,
          succeeded: known.succeeded + succeeded,
          failed: known.failed + failed,
        });
      }
      change.lastSuccessAt ??= old.lastSuccessAt;
      change.lastError ??= old.lastError;
    }
  }

  #changeOf(profileId: string): Change {
    let change = this.#changes.get(profileId);
    if (change === undefined) {
      change = { profileId, slots: new Map(), lastSuccessAt: null, lastError: null };
      this.#changes.set(profileId, change);
    }
    return change;
  }
}
