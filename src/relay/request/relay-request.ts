import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../api/client-auth/identify.ts';
import type { Refusal } from '../../api/refusal.ts';
import { ClientRequest, type RequestOutcome } from '../../api/request/client-request.ts';
import { relayTenantUrl } from '../../config/issuer.ts';
import { requestIdOf } from '../../http/request-ids.ts';
import { assertSecureUrl } from '../../http/secure-url.ts';
import type { Lookup } from '../../store/token-requests/token-request-store.ts';
import type { RelayContext } from '../context.ts';
import { sendScimError } from '../scim-error.ts';
import { type Ending, Exchange } from '../upstream/exchange.ts';
import type { Watched } from '../upstream/grant-watch.ts';
import { announcedLength, hasBody, readBody } from './body.ts';
import { headersForWebex } from './headers.ts';
import { refusals } from './refusals.ts';
import { decideRelay, type Grant, type RelayDecision, type RelayState } from './relay-decision.ts';
import type { RelayTarget } from './target.ts';

export interface IncomingRelayRequest {
  relay: RelayContext;
  request: IncomingMessage;
  response: ServerResponse;
  identity: Identity;
  target: RelayTarget;
}

/**
 * A request to the relay. It is granted before it is sent, and again in the rare case that it waits for its body or for
 * another token. Whenever it is granted, its audit row is durable and its client has just been checked.
 */
export class RelayRequest extends ClientRequest {
  readonly orgId = null;
  /** A relay client has one profile. */
  readonly profileLimit = 1;
  protected override readonly forRelay = true;
  protected override readonly subject: string;
  readonly #relay: RelayContext;
  readonly #request: IncomingMessage;
  readonly #identity: Identity;
  readonly #method: string;
  readonly #startedAt = performance.now();
  readonly #state: RelayState;
  /** The latest decision. */
  #decision: RelayDecision | null = null;
  #body: Buffer | null = null;
  /** The number of bytes reserved in the budget. */
  #reserved = 0;
  #reservedFor = '';
  /** The client's profile, under which the request is counted. */
  #countedFor: { profileId: string; profile: string } | null = null;

  constructor({ relay, request, response, identity, target }: IncomingRelayRequest) {
    super('relay', { context: relay.api, request, response, identity });
    this.#relay = relay;
    this.#request = request;
    this.#identity = identity;
    this.#method = request.method ?? '';
    this.subject = `${this.#method} ${target.forwarded?.resource ?? 'other'}`;
    const isTooLarge = (announcedLength(request) ?? 0) > relay.limits.maxRequestBytes;
    this.#state = {
      target,
      method: this.#method,
      body: isTooLarge ? 'too-large' : hasBody(request) ? 'unread' : 'read',
      waited: false,
      sent: 0,
      unauthorized: null,
    };
    response.once('close', () => this.#giveBack());
  }

  /** Queues the request. If the client is not authenticated yet, the body is read only after its secret was checked. */
  start(): void {
    const { target, body } = this.#state;
    const isForwarded = target.forwarded?.methods.includes(this.#method) ?? false;
    if (body === 'unread' && isForwarded && this.lane.authenticated) this.#readBody();
    else this.#queue();
  }

  protected outcome(found: Lookup, now: number): RequestOutcome {
    const [granted] = found.profiles;
    const decision = decideRelay(this.#relay, found, granted, this.#state, now);
    if (granted?.profile === this.#state.target.profile) this.#countedFor = granted ?? null;
    this.#decision = decision;
    if (decision.kind === 'refuse') return decision;
    if (decision.kind === 'send') return { profile: decision.grant.profile, json: '', granted: true };
    // The request has to wait for another step, and is decided again after it.
    return { profile: decision.profile, json: '', granted: false, recorded: false };
  }

  protected override respond(): void {
    if (this.response.destroyed) return;
    const decision = this.#decision;
    if (decision?.kind === 'read-body') this.#readBody();
    else if (decision?.kind === 'wait-for-token') this.#waitForToken();
    else if (decision?.kind === 'send') this.#send(decision.grant);
  }

  protected override refuse(refusal: Refusal): void {
    this.#giveBack();
    const status = sendScimError(this.response, refusal, { 'X-Request-Id': requestIdOf(this.response) });
    if (this.#countedFor !== null) this.#count(status, status >= 500 ? refusal.code : null);
  }

  #queue(): void {
    this.context.queue.add(this);
  }

  #readBody(): void {
    const { limits, budget } = this.#relay;
    const bytes = announcedLength(this.#request) ?? limits.maxRequestBytes;
    if (!budget.take(this.clientName, bytes)) {
      this.#state.body = 'no-memory';
      this.#queue();
      return;
    }
    this.#reserved = bytes;
    this.#reservedFor = this.clientName;
    readBody(this.#request, limits.maxRequestBytes, (body) => {
      this.#state.body = body === null ? 'too-large' : 'read';
      this.#body = body;
      this.#queue();
    });
  }

  #waitForToken(): void {
    this.#state.waited = true;
    const profileId = this.#countedFor?.profileId ?? '';
    this.#relay.rejectedTokens
      .waitForNewToken(profileId)
      .catch((error: unknown) => this.context.log.error({ err: error }, 'the new token cannot be looked up'))
      .finally(() => this.#queue());
  }

  #send(grant: Grant): void {
    const { raw, limits, watch } = this.#relay;
    const { secretHash, proof } = this.#identity;
    const suffix = this.#state.target.forwarded?.suffix;
    if (suffix === undefined || secretHash === undefined) throw new Error('unreachable: it was granted');
    const url = assertSecureUrl(grant.tenantUrl);
    this.#state.sent += 1;
    const exchange = new Exchange({
      raw,
      request: {
        origin: url.origin,
        path: `${url.pathname}${suffix}`,
        method: this.#method,
        headers: headersForWebex(this.#request.headers, grant.accessToken),
        body: this.#body,
      },
      response: this.response,
      responseHeaders: { 'X-Request-Id': requestIdOf(this.response) },
      addresses: {
        tenantUrl: grant.tenantUrl,
        relayUrl: relayTenantUrl(this.context.issuer, grant.profile),
      },
      limits,
      onEnd: (ending) => {
        watch.delete(watched);
        this.#ended(ending, grant);
      },
    });
    const watched: Watched = {
      client: this.clientName,
      secretHash,
      proof,
      address: this.address,
      profileId: grant.profileId,
      startedAt: performance.now(),
      abort: (reason) => exchange.abort(reason),
    };
    watch.add(watched);
    exchange.start();
  }

  #ended(ending: Ending, grant: Grant): void {
    const { traffic, log, rejectedTokens } = this.#relay;
    const { profile } = grant;
    const known = { requestId: requestIdOf(this.response), profile, client: this.clientName };
    switch (ending.kind) {
      case 'completed':
        this.#giveBack();
        this.#count(ending.status, ending.status >= 400 ? String(ending.status) : null);
        return;
      case 'unauthorized':
        log.warn(known, 'Webex responded with 401 to a relayed request');
        traffic.upstreamError(profile, 'unauthorized');
        this.#state.unauthorized = grant.tokenId;
        void rejectedTokens.handle(grant.profileId, grant.tokenId).then(() => this.#queue());
        return;
      case 'failed':
      case 'too-large': {
        const error = ending.kind === 'failed' ? ending.error : undefined;
        log.warn({ ...known, err: error, ending: ending.kind }, 'a request could not be relayed to Webex');
        const reason = ending.kind === 'failed' ? 'unreachable' : ending.kind;
        traffic.upstreamError(profile, reason);
        if (ending.started) {
          this.#giveBack();
          this.#count('cut-off', 'cut-off');
        } else this.refuse(ending.kind === 'failed' ? refusals.unreachable : refusals.responseTooLarge);
        return;
      }
      case 'revoked':
        log.warn(known, 'a relayed request was ended because its client no longer has access');
        if (ending.started) this.#giveBack();
        else this.refuse(refusals.revoked);
        return;
      case 'stopped':
        if (ending.started) this.#giveBack();
        else this.refuse(refusals.stopped);
        return;
      case 'client-gone':
        this.#giveBack();
        this.#count('client-gone', null);
    }
  }

  #count(status: number | 'cut-off' | 'client-gone', error: string | null): void {
    if (this.#countedFor === null) return;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#relay.traffic.count({ ...this.#countedFor, method: this.#method, status, seconds, error });
  }

  #giveBack(): void {
    this.#body = null;
    if (this.#reserved > 0) this.#relay.budget.give(this.#reservedFor, this.#reserved);
    this.#reserved = 0;
  }
}
