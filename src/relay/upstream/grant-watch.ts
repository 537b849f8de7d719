import { authenticate, type ClientProof } from '../../api/client-auth/authenticate.ts';
import type { ApiContext } from '../../api/context.ts';
import type { PendingRequest } from '../../api/queue/batch-queue.ts';
import type { Lane } from '../../api/queue/fair-queue.ts';
import type { Decision, Lookup } from '../../store/token-requests/token-request-store.ts';

/** A running request, with the data needed to check its client's access again. */
export interface Watched {
  client: string;
  secretHash: string;
  proof: ClientProof;
  address: string;
  profileId: string;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  /** Its index in the list of running requests. `GrantWatch` sets it. */
  position?: number;
  /** Ends the request because its client no longer has access or the server is stopping. */
  abort(reason: 'revoked' | 'stopped'): void;
}

/**
 * Checks repeatedly whether the clients of running requests still have access, so that removing a client on any replica also
 * ends its running requests. The requests of one client share a check.
 */
export class GrantWatch {
  readonly #api: ApiContext;
  readonly #everyMs: number;
  /**
   * Not a `Set`: it replaces its internal table all the time, and V8 keeps everything that an old table references until the
   * next full garbage collection. That was thousands of requests with all their data.
   */
  readonly #watched: Watched[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(api: ApiContext, everyMs: number) {
    this.#api = api;
    this.#everyMs = everyMs;
  }

  get size(): number {
    return this.#watched.length;
  }

  add(watched: Watched): void {
    watched.position = this.#watched.push(watched) - 1;
    // Started once and kept until no request is running, because most requests end before the first check.
    this.#timer ??= setInterval(() => this.#check(), this.#everyMs).unref();
  }

  delete(watched: Watched): void {
    const { position = -1 } = watched;
    const last = this.#watched.at(-1);
    if (this.#watched[position] !== watched || last === undefined) return;
    // The last request of the list takes its index.
    this.#watched[position] = last;
    last.position = position;
    this.#watched.pop();
  }

  /** Ends every request. */
  close(): void {
    this.#stop();
    for (const watched of [...this.#watched]) watched.abort('stopped');
  }

  #check(): void {
    if (this.#watched.length === 0) {
      this.#stop();
      return;
    }
    // A request that was just granted does not have to be checked yet.
    const due = performance.now() - this.#everyMs / 2;
    const groups = Map.groupBy(
      this.#watched.filter(({ startedAt }) => startedAt <= due),
      ({ secretHash, address, profileId }) => JSON.stringify([secretHash, address, profileId]),
    );
    for (const group of groups.values()) this.#api.queue.add(new GrantCheck(this.#api, group));
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** Looks up a client in the same way as a new request, but without an entry in the audit log. */
class GrantCheck implements PendingRequest {
  readonly client = '';
  readonly orgId = null;
  readonly profileLimit = 1;
  readonly withPrevious = false;
  readonly assertion = null;
  readonly secretHash: string;
  readonly lane: Lane;
  readonly #api: ApiContext;
  readonly #group: Watched[];
  readonly #first: Watched;
  #granted = false;

  constructor(api: ApiContext, group: Watched[]) {
    const [first] = group;
    if (first === undefined) throw new Error('unreachable: a group has a request');
    this.#api = api;
    this.#group = group;
    this.#first = first;
    this.secretHash = first.secretHash;
    this.lane = { authenticated: true, key: first.client };
  }

  decide(found: Lookup | null): Decision {
    const { vault } = this.#api;
    const { proof, address, profileId } = this.#first;
    this.#granted =
      vault.rollbackDetector.problem === null &&
      found !== null &&
      found.untrusted === null &&
      authenticate(found, proof, address, vault.now()).ok &&
      found.client.relayRights !== null &&
      found.profiles[0]?.profileId === profileId;
    return { granted: this.#granted, used: null, entry: null };
  }

  complete(): void {
    if (!this.#granted) for (const watched of this.#group) watched.abort('revoked');
  }

  fail(error: unknown): void {
    // The store cannot be queried. The time limits of the requests still apply.
    this.#api.log.warn({ err: error }, 'the access of the clients of running requests could not be checked');
  }
}
