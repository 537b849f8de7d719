import { authenticate, type ClientProof } from '../../api/client-auth/authenticate.ts';
import type { ApiContext } from '../../api/context.ts';
import type { PendingRequest } from '../../api/queue/batch-queue.ts';
import type { Lane } from '../../api/queue/fair-queue.ts';
import type { Decision, Lookup } from '../../store/token-requests/token-request-store.ts';

/** A request under way, with what its client has to prove for it. */
export interface Watched {
  client: string;
  secretHash: string;
  proof: ClientProof;
  address: string;
  profileId: string;
  /** On the clock of `performance.now()`. */
  startedAt: number;
  /** Its place in the list of requests under way. `GrantWatch` sets it. */
  position?: number;
  /** Ends the request, because its client has no access any more or the server stops. */
  abort(reason: 'revoked' | 'stopped'): void;
}

/**
 * Checks again and again whether the clients of requests under way still have access: a removal, on whatever replica, ends
 * them too. Requests of one client share a check.
 */
export class GrantWatch {
  readonly #api: ApiContext;
  readonly #everyMs: number;
  /**
   * Not a `Set`: it replaces its table all the time, and V8 keeps what an old table still names until the next complete garbage
   * collection. These were thousands of requests with all that belongs to them.
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
    // Started once and kept until nothing is under way: most requests end before its first run.
    this.#timer ??= setInterval(() => this.#check(), this.#everyMs).unref();
  }

  delete(watched: Watched): void {
    const { position = -1 } = watched;
    const last = this.#watched.at(-1);
    if (this.#watched[position] !== watched || last === undefined) return;
    // The last one takes its place.
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
    // A request that has just been granted needs no check yet.
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

/** Looks a client up as a new request would, and leaves no trace in the audit log. */
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

  answer(): void {
    if (!this.#granted) for (const watched of this.#group) watched.abort('revoked');
  }

  fail(error: unknown): void {
    // The store cannot be asked. The time limits of the requests still hold.
    this.#api.log.warn({ err: error }, 'the access of requests under way could not be checked');
  }
}
