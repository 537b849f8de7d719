import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { requestIdOf } from '../../http/request-ids.ts';
import type { AuditEntry } from '../../store/audit/chain.ts';
import { isAboutWholeStore } from '../../store/integrity/untrusted.ts';
import {
  type Assertion,
  type Decision,
  type Lookup,
  RetryLater,
} from '../../store/token-requests/token-request-store.ts';
import { plural } from '../../text/count.ts';
import { type Authentication, authenticate } from '../client-auth/authenticate.ts';
import { readCredentials } from '../client-auth/credentials.ts';
import { type Identity, secretIdentity, validClientName } from '../client-auth/identify.ts';
import type { ApiContext } from '../context.ts';
import { OAuthError, sendOAuthError } from '../oauth-error.ts';
import { apiPaths } from '../paths.ts';
import type { PendingRequest } from '../queue/batch-queue.ts';
import { type Lane, unauthenticatedLane } from '../queue/fair-queue.ts';
import type { Refusal } from '../refusal.ts';
import { sendJson } from '../responses.ts';
import { missingKeyError } from '../tokens/missing-key.ts';
import { crossOriginError, isCrossOrigin } from './cross-origin.ts';
import { type Form, readForm } from './form.ts';
import { laneOf } from './lane-of.ts';

/** The response to an authenticated client, JSON or an error, and the profile it is about. */
export type RequestOutcome = { profile: string | null } & (
  | {
      json: string;
      granted: boolean;
      /** False if the request will be decided again; then only the later decision is recorded. Default: true. */
      recorded?: boolean;
    }
  | { refusal: Refusal }
);

export interface AuthenticatedRequest {
  context: ApiContext;
  request: IncomingMessage;
  response: ServerResponse;
  identity: Identity;
}

export interface IncomingRequest extends AuthenticatedRequest {
  form: Form;
}

/** A client's request, from when it has been read until the response is sent. */
export abstract class ClientRequest implements PendingRequest {
  readonly client: string;
  readonly secretHash?: string;
  readonly lane: Lane;
  abstract readonly orgId: string | null;
  abstract readonly profileLimit: number;
  readonly withPrevious: boolean = false;
  readonly assertion: Assertion | null;
  /** Whether the endpoint is for SCIM relay clients. All other endpoints are for clients that get tokens. */
  protected readonly forRelay: boolean = false;
  /** Recorded in the audit log in addition to the client and the profile. */
  protected readonly subject: string | null = null;
  protected readonly context: ApiContext;
  protected readonly response: ServerResponse;
  readonly #identity: Identity;
  /** The client's address, also behind trusted proxies. */
  protected readonly address: string;
  readonly #action: string;
  /** The client's name as it is stored, or as the request claims it. */
  #name: string;
  /** The latest decision. */
  #response: { json: string } | { refusal: Refusal } | null = null;
  /** The delay for a wrong secret in seconds; null before the failure was counted. */
  #wait: number | null = null;
  /** The audit row of a rate-limited rejection; null if it is only counted, undefined before that is decided. */
  #firstEntry: AuditEntry | null | undefined;

  constructor(action: string, { context, request, response, identity }: AuthenticatedRequest) {
    this.context = context;
    this.client = identity.client;
    this.#name = identity.client;
    if (identity.secretHash !== undefined) this.secretHash = identity.secretHash;
    this.assertion = identity.proof.kind === 'assertion' ? identity.proof.assertion : null;
    this.address = context.addressOf(request);
    this.lane = laneOf(context.verifiedSecrets, identity, this.address);
    this.#action = action;
    this.response = response;
    this.#identity = identity;
  }

  /** Makes the response from the data in the store. `now` in epoch milliseconds. */
  protected abstract outcome(found: Lookup, now: number): RequestOutcome;

  decide(found: Lookup | null): Decision {
    try {
      return this.#decide(found);
    } catch (error) {
      // A request that has to wait is requeued by itself, and a failed request does not affect the rest of its batch.
      if (error instanceof RetryLater) throw error;
      this.logError(error, 'token API request could not be decided');
      const description = 'Internal error. See the server log.';
      this.#response = { refusal: { code: 'server_error', description, status: 500 } };
      return { granted: false, used: null, entry: this.#entry('server_error', null) };
    }
  }

  #decide(found: Lookup | null): Decision {
    const { vault } = this.context;
    if (found !== null) this.#name = found.client.clientName;
    const untrusted = vault.rollbackDetector.problem ?? found?.untrusted ?? null;
    if (untrusted !== null) return this.#untrusted(untrusted);
    const now = vault.now();
    const { proof } = this.#identity;
    const authentication = authenticate(found, proof, this.address, now);
    if (!authentication.ok || found === null) return this.#notAuthenticated(authentication, found, now);
    this.context.throttle.succeeded(this.#name, this.address);
    // The secret of a request in an authenticated lane is already remembered.
    if (proof.kind === 'secret' && !this.lane.authenticated)
      this.context.verifiedSecrets.add(this.#name, proof.hash);
    if ((found.client.relayRights !== null) !== this.forRelay) return this.#wrongUse(authentication.used);
    const outcome = this.outcome(found, now);
    this.#response = outcome;
    const code = 'refusal' in outcome ? outcome.refusal.code : 'ok';
    return {
      granted: 'granted' in outcome && outcome.granted,
      used: authentication.used,
      entry: 'json' in outcome && outcome.recorded === false ? null : this.#entry(code, outcome.profile),
    };
  }

  complete(): void {
    const response = this.#response;
    if (response === null) throw new Error('a request was completed before it was decided');
    if ('json' in response) this.respond(response.json);
    else this.refuse(response.refusal);
  }

  fail(error: unknown): void {
    this.refuse(storeFailure(this.context, this.response, error));
  }

  protected respond(json: string): void {
    sendJson(this.response, 200, json);
  }

  protected refuse(refusal: Refusal): void {
    sendOAuthError(this.response, refusal);
  }

  /** Logs an error with the request ID that the response also contains. */
  protected logError(error: unknown, message: string, more: { profile?: string | null } = {}): void {
    this.context.log.error({ err: error, ...more, requestId: requestIdOf(this.response) }, message);
  }

  /** The client's name, for the log. */
  protected get clientName(): string {
    return this.#name;
  }

  /** Rejects the request, without details, because a row was changed outside this program. */
  #untrusted(error: BrokerError): Decision {
    const { vault } = this.context;
    const missingKey = missingKeyError(error);
    if (missingKey !== null) {
      this.logError(error, 'the rows of the store cannot be checked without its key');
      this.#response = { refusal: missingKey };
      return { granted: false, used: null, entry: this.#entry(missingKey.code, null) };
    }
    if (isAboutWholeStore(error)) vault.rollbackDetector.report(error);
    else this.logError(error, 'a row of the store failed its integrity check');
    this.#response = {
      refusal: {
        code: 'temporarily_unavailable',
        description: 'The store failed its integrity check, so no tokens are issued. See the server log.',
        status: 503,
        retryAfter: 60,
      },
    };
    const stopped = vault.rollbackDetector.problem !== null;
    return { granted: false, used: null, entry: stopped ? null : this.#entryIfFirst('not-authentic', null) };
  }

  #notAuthenticated(authentication: Authentication, found: Lookup | null, now: number): Decision {
    if (authentication.ok) throw new Error('unreachable: the client is authenticated');
    const { refusal, reason } = authentication;
    this.#response = { refusal };
    // Counted once, even if the batch is retried.
    if (reason === 'wrong-secret') {
      // Unknown client names share one counter. Otherwise an attacker could fill the memory with them.
      const counted = found === null ? '' : this.#name;
      this.#wait ??= this.context.throttle.failed(counted, this.address, now);
    }
    if (this.#wait) {
      const description = `Too many wrong credentials from ${this.address}. Try again in ${plural(this.#wait, 'second')}.`;
      const retryAfter = this.#wait;
      this.#response = { refusal: { code: 'invalid_client', description, status: 429, retryAfter } };
      return { granted: false, used: null, entry: this.#entryIfFirst('throttled', found) };
    }
    if (reason === 'no-valid-credentials' || reason === 'not-checked') {
      return { granted: false, used: null, entry: this.#entryIfFirst(refusal.code, found) };
    }
    return { granted: false, used: null, entry: this.#entry(refusal.code, null) };
  }

  /** Rejects a relay client at the token API, and any other client at the relay. */
  #wrongUse(used: 'current' | 'previous'): Decision {
    const code = 'unauthorized_client';
    const description = this.forRelay
      ? `This client gets tokens and cannot use the SCIM relay. Register a client for the relay: ${commandLine(['client', 'add', '--relay'])}`
      : 'This client is for the SCIM relay and cannot get tokens. Register another client for tokens.';
    this.#response = { refusal: { code, description } };
    return { granted: false, used, entry: this.#entry(code, null) };
  }

  /** A rejection that anyone can cause is recorded once and then only counted. */
  #entryIfFirst(outcome: string, found: Lookup | null): AuditEntry | null {
    if (this.#firstEntry === undefined) {
      const entry = { ...this.#entry(outcome, null), ...(found === null && { client: null }) };
      this.#firstEntry = this.context.rejectedRequests.isFirst(entry) ? entry : null;
    }
    return this.#firstEntry;
  }

  #entry(outcome: string, profile: string | null): AuditEntry {
    const { proof } = this.#identity;
    return {
      action: this.#action,
      outcome,
      profile,
      client: this.#name || null,
      address: this.address,
      subject: 'detail' in proof ? proof.detail : this.subject,
    };
  }
}

/** An endpoint of the token API for clients. */
export interface Endpoint {
  /** The action in the audit log. */
  action: string;
  path: string;
  make(incoming: IncomingRequest): ClientRequest;
}

/** Reads the form and the client's credentials, and queues the request. */
export function clientEndpoint(context: ApiContext, endpoint: Endpoint): RequestListener {
  return (request, response) => {
    const fail = (error: unknown) => rejectUnread(context, endpoint, { request, response }, error);
    if (isCrossOrigin(request.headers.origin, context.origins)) return fail(crossOriginError());
    readForm(request, (error, form) => {
      if (form === null) return fail(error);
      const ask = (identity: Identity) => {
        context.queue.add(endpoint.make({ context, request, response, identity, form }));
      };
      try {
        identify(context, endpoint, request, form, ask, fail);
      } catch (reason) {
        fail(reason);
      }
    });
  };
}

/** Only checking an assertion takes time. Other credentials are passed on without a promise. */
function identify(
  context: ApiContext,
  { path }: Endpoint,
  request: IncomingMessage,
  form: Form,
  done: (identity: Identity) => void,
  failed: (reason: unknown) => void,
): void {
  const credentials = readCredentials(request.headers.authorization, form);
  if (credentials.kind === 'secret') done(secretIdentity(credentials));
  else if (credentials.kind === 'none') {
    const { client, why } = credentials;
    done({ client: validClientName(client ?? ''), proof: { kind: 'none', why } });
  } else {
    const audiences = audiencesOf(context, path);
    const address = context.addressOf(request);
    import('../client-auth/assertion-identity.ts')
      .then(({ assertionIdentity }) => assertionIdentity(context, credentials, audiences, address))
      .then(done)
      .catch(failed);
  }
}

/** The accepted audiences of an assertion: this server's issuers, the called endpoint and the token endpoint. */
function audiencesOf({ origins }: ApiContext, path: string): string[] {
  return [...new Set(origins.flatMap((origin) => [origin, origin + apiPaths.token, origin + path]))];
}

/** Rejects a request that is found invalid before the store is read. */
function rejectUnread(
  context: ApiContext,
  { action }: Endpoint,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  error: unknown,
): void {
  if (!(error instanceof OAuthError)) {
    sendOAuthError(response, storeFailure(context, response, error));
    return;
  }
  const { refusal } = error;
  const address = context.addressOf(request);
  const entry = { action, outcome: refusal.code, client: null, address };
  if (!context.rejectedRequests.isFirst(entry)) {
    sendOAuthError(response, refusal);
    return;
  }
  context.queue.add({
    client: '',
    lane: unauthenticatedLane('', address),
    orgId: null,
    profileLimit: 0,
    withPrevious: false,
    assertion: null,
    decide: () => ({ granted: false, used: null, entry }),
    complete: () => sendOAuthError(response, refusal),
    fail: (reason) => sendOAuthError(response, storeFailure(context, response, reason)),
  });
}

/** The response if the store could not be read or written. */
function storeFailure(context: ApiContext, response: ServerResponse, error: unknown): Refusal {
  const { rollbackDetector } = context.vault;
  if (error instanceof BrokerError && isAboutWholeStore(error)) rollbackDetector.report(error);
  context.log.error({ err: error, requestId: requestIdOf(response) }, 'token API request failed');
  return {
    code: 'temporarily_unavailable',
    description: 'The store is temporarily unavailable. See the server log.',
    status: 503,
    retryAfter: 2,
  };
}
