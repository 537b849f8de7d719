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
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | null = null;

  constructor(api: ApiContext, everyMs: number) {
    this.#api = api;
    this.#everyMs = everyMs;
  }

  get size(): number {
    return this.#watched.size;
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
    // Started once and kept until nothing is under way: most requests end before its first run.
    this.#timer ??= setInterval(() => this.#check(), this.#everyMs).unref();
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** Ends every request. */
  close(): void {
    this.#stop();
    for (const watched of [...this.#watched]) watched.abort('stopped');
  }

  #check(): void {
    if (this.#watched.size === 0) {
      this.#stop();
      return;
    }
    // A request that has just been granted needs no check yet.
    const due = performance.now() - this.#everyMs / 2;
    const groups = Map.groupBy(
      [...this.#watched].filter(({ startedAt }) => startedAt <= due),
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
