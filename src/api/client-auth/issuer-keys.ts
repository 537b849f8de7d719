import type { JWTVerifyGetKey } from 'jose';
import type { IssuerRequest } from './issuer-documents.ts';

/** After this time, keys are fetched again, so that a key that the issuer has withdrawn stops working. Milliseconds. */
const freshMs = 10 * 60_000;

/** How long the last keys are used while the issuer does not respond. Milliseconds. */
const staleMs = 24 * 3_600_000;

/** How long the address of the keys is used before it is fetched again. Milliseconds. */
const discoveryMs = 3_600_000;

/**
 * The pause between two fetches from one issuer. It doubles with each fetch that does not find the requested key, up to 50 s, so
 * that a new key is known within a minute. A flood of unknown key IDs causes at most ten requests in its first minute.
 */
const firstPauseMs = 2_000;
const lastPauseMs = 50_000;

/** How many issuers' keys are cached. The least recently used one is dropped first. */
const maxIssuers = 100;

/** `retryAfter`: the number of seconds until the next fetch from the issuer. */
export type IssuerKeysResult = { ok: true; findKey: JWTVerifyGetKey } | { ok: false; retryAfter: number };

interface KeySet {
  findKey: JWTVerifyGetKey;
  /** Undefined for keys without an ID. */
  ids: ReadonlySet<string | undefined>;
  fetchedAt: number;
}

interface Issuer {
  address: { url: string; fetchedAt: number } | null;
  keys: KeySet | null;
  /** Whether the last fetch failed. */
  failed: boolean;
  attemptedAt: number;
  pauseMs: number;
  running: Promise<void> | null;
}

/**
 * The public keys of workload identity issuers. They are fetched when an assertion needs them, once for all requests that wait,
 * and outside the queue of token requests, so that a slow issuer delays only its own clients.
 */
export class IssuerKeys {
  readonly #issuers = new Map<string, Issuer>();
  readonly #request: IssuerRequest;
  readonly #onFailure: (issuer: string, error: unknown) => void;

  constructor(request: IssuerRequest, onFailure: (issuer: string, error: unknown) => void) {
    this.#request = request;
    this.#onFailure = onFailure;
  }

  /**
   * The keys of a registered issuer, including the key `kid` if the issuer has it (null: any key). Fails if the issuer cannot be
   * reached.
   */
  async keysOf(issuer: string, kid: string | null): Promise<IssuerKeysResult> {
    const known = this.#known(issuer);
    if (!this.#isFresh(known, kid)) {
      if (known.running === null && this.#mayFetch(known)) known.running = this.#refresh(issuer, known, kid);
      await known.running;
    }
    const { keys, failed } = known;
    const usable = keys !== null && this.#age(keys.fetchedAt) < staleMs;
    if (usable && (has(keys, kid) || !failed)) return { ok: true, findKey: keys.findKey };
    const left = known.pauseMs - this.#age(known.attemptedAt);
    return { ok: false, retryAfter: Math.max(1, Math.ceil(left / 1000)) };
  }

  #known(issuer: string): Issuer {
    const known = this.#issuers.get(issuer) ?? {
      address: null,
      keys: null,
      failed: false,
      attemptedAt: Number.NEGATIVE_INFINITY,
      pauseMs: firstPauseMs,
      running: null,
    };
    // Deleted and set again, so that the map stays in order of use.
    this.#issuers.delete(issuer);
    this.#issuers.set(issuer, known);
    for (const oldest of this.#issuers.keys()) {
      if (this.#issuers.size <= maxIssuers) break;
      this.#issuers.delete(oldest);
    }
    return known;
  }

  #isFresh({ keys }: Issuer, kid: string | null): boolean {
    return keys !== null && this.#age(keys.fetchedAt) < freshMs && has(keys, kid);
  }

  #mayFetch({ attemptedAt, pauseMs }: Issuer): boolean {
    return this.#age(attemptedAt) >= pauseMs;
  }

  /** Also correct after the clock was set back. Milliseconds. */
  #age(instant: number): number {
    return Math.abs(this.#request.now() - instant);
  }

  async #refresh(issuer: string, known: Issuer, kid: string | null): Promise<void> {
    const knewIt = known.keys !== null && has(known.keys, kid);
    let found = false;
    try {
      known.keys = await this.#read(issuer, known);
      known.failed = false;
      found = has(known.keys, kid);
    } catch (error) {
      known.failed = true;
      // The issuer may have moved its keys.
      known.address = null;
      this.#onFailure(issuer, error);
    }
    known.attemptedAt = this.#request.now();
    if (found && !knewIt) known.pauseMs = firstPauseMs;
    else if (!found) known.pauseMs = Math.min(lastPauseMs, known.pauseMs * 2);
    known.running = null;
  }

  async #read(issuer: string, known: Issuer): Promise<KeySet> {
    // Loaded with the first fetch, because most servers have no issuers.
    const [{ discoverKeys, readKeys }, { createLocalJWKSet }] = await Promise.all([
      import('./issuer-documents.ts'),
      import('jose'),
    ]);
    if (known.address === null || this.#age(known.address.fetchedAt) >= discoveryMs) {
      const url = await discoverKeys(issuer, this.#request);
      known.address = { url, fetchedAt: this.#request.now() };
    }
    const set = await readKeys(known.address.url, this.#request);
    const ids = new Set(set.keys.map(({ kid }) => kid));
    return { findKey: createLocalJWKSet(set), ids, fetchedAt: this.#request.now() };
  }
}

function has({ ids }: KeySet, kid: string | null): boolean {
  return kid === null || ids.has(kid);
}
