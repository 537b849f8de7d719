import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../api/client-auth/identify.ts';
import type { Refusal } from '../../api/refusal.ts';
import { ClientRequest, type RequestOutcome } from '../../api/request/client-request.ts';
import { missingKeyError } from '../../api/tokens/missing-key.ts';
import { relayTenantUrl } from '../../config/issuer.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { assertSecureUrl } from '../../http/secure-url.ts';
import type { GrantedProfile, Lookup } from '../../store/token-requests/token-request-store.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { otherDeployment } from '../../webex/sign-in/access-token.ts';
import type { RelayContext } from '../context.ts';
import { sendScimError } from '../scim-error.ts';
import { type Ending, Exchange } from '../upstream/exchange.ts';
import type { Watched } from '../upstream/grant-watch.ts';
import { announcedLength, hasBody, readBody } from './body.ts';
import { headersForWebex } from './headers.ts';
import { refusals } from './refusals.ts';
import { setRequestId } from './request-ids.ts';
import { mayUse } from './rights.ts';
import type { RelayTarget } from './target.ts';
import { tokenRefusal } from './token-refusal.ts';

/** What to do with a request whose client has access. */
type Step = 'read-body' | 'wait-for-token' | 'send';

/** What a granted request is sent with. */
interface Grant {
  profileId: string;
  profile: string;
  tokenId: string;
  accessToken: string;
  tenantUrl: string;
}

export interface IncomingRelayRequest {
  relay: RelayContext;
  request: IncomingMessage;
  response: ServerResponse;
  identity: Identity;
  target: RelayTarget;
}

/**
 * A request to the relay. Each time it is granted, its audit row is durable and its client was checked a moment ago: once
 * before it is sent, and once more in the rare cases where it waits for its body or for another token.
 */
export class RelayRequest extends ClientRequest {
  readonly id = randomUUID();
  readonly orgId = null;
  /** A client of the relay has one profile. */
  readonly profileLimit = 1;
  protected override readonly forRelay = true;
  protected override readonly subject: string;
  readonly #relay: RelayContext;
  readonly #request: IncomingMessage;
  readonly #identity: Identity;
  readonly #target: RelayTarget;
  readonly #method: string;
  readonly #startedAt = performance.now();
  #step: Step = 'send';
  #grant: Grant | null = null;
  #body: Buffer | null = null;
  #bodyRead: boolean;
  /** Bytes of the budget that it holds. */
  #reserved = 0;
  #reservedFor = '';
  #bodyTooLarge: boolean;
  #noMemory = false;
  #waited = false;
  #sent = 0;
  /** The token that Webex did not accept for this request. */
  #unauthorized: string | null = null;
  /** The profile that its client has access to. It is counted there. */
  #countedFor: { profileId: string; profile: string } | null = null;

  constructor({ relay, request, response, identity, target }: IncomingRelayRequest) {
    super('relay', { context: relay.api, request, response, identity });
    this.#relay = relay;
    this.#request = request;
    this.#identity = identity;
    this.#target = target;
    this.#method = request.method ?? '';
    this.subject = `${this.#method} ${target.forwarded?.resource ?? 'other'}`;
    this.#bodyRead = !hasBody(request);
    this.#bodyTooLarge = (announcedLength(request) ?? 0) > relay.limits.maxRequestBytes;
    setRequestId(response, this.id);
    response.once('close', () => this.#giveBack());
  }

  /** Queues the request. The body of one whose client is not known yet is read only after its secret was checked. */
  start(): void {
    const isForwarded = this.#target.forwarded?.methods.includes(this.#method) ?? false;
    if (!this.#bodyRead && !this.#bodyTooLarge && isForwarded && this.lane.authenticated) this.#readBody();
    else this.#queue();
  }

  protected outcome(found: Lookup, now: number): RequestOutcome {
    const [granted] = found.profiles;
    const { forwarded, profile } = this.#target;
    if (granted === undefined || granted.profile !== profile) {
      return { profile: granted?.profile ?? null, refusal: refusals.otherProfile };
    }
    this.#countedFor = granted;
    const refused = (refusal: Refusal) => ({ profile: granted.profile, refusal });
    if (forwarded === null) return refused(refusals.unknownPath);
    if (!forwarded.methods.includes(this.#method)) {
      return refused(refusals.methodNotAllowed(forwarded.methods));
    }
    if (!mayUse(found.client.relayRights ?? 'read', this.#method)) {
      return refused(refusals.noRight(this.#method));
    }
    if (this.#bodyTooLarge) return refused(refusals.bodyTooLarge(this.#relay.limits.maxRequestBytes));
    if (this.#noMemory) return refused(refusals.busy);
    if (!this.#bodyRead) return this.#next('read-body', granted.profile);
    return this.#outcomeWithToken(granted, now);
  }

  #outcomeWithToken(granted: GrantedProfile, now: number): RequestOutcome {
    const { vault, tokenCache, log } = this.context;
    const { profile, profileId, deployment, orgId, token } = granted;
    const refused = (refusal: Refusal) => ({ profile, refusal });
    const unusable = tokenRefusal(granted, now);
    if (unusable !== null || token === null || orgId === null) {
      if (!this.#waited) return this.#next('wait-for-token', profile);
      return refused(unusable ?? refusals.noOrganization(profile));
    }
    if (token.tokenId === this.#unauthorized || this.#sent > 1) {
      return refused(refusals.unauthorized(profile));
    }
    try {
      const accessToken = tokenCache.open(token, granted);
      // Nobody may learn the token of the other deployment.
      if (otherDeployment(accessToken, deployment) !== null)
        return refused(refusals.wrongDeployment(profile));
      const url = tenantUrl(vault.settings.webex[deployment], orgId);
      this.#grant = { profileId, profile, tokenId: token.tokenId, accessToken, tenantUrl: url };
      this.#step = 'send';
      return { profile, json: '', granted: true };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      log.error({ err: error, profile }, 'a stored token cannot be decrypted');
      return refused(missingKeyError(error) ?? refusals.notDecrypted(profile));
    }
  }

  /** Another step comes first, and the request is decided again after it. */
  #next(step: Step, profile: string): RequestOutcome {
    this.#step = step;
    return { profile, json: '', granted: false, recorded: false };
  }

  protected override respond(): void {
    if (this.response.destroyed) return;
    if (this.#step === 'read-body') this.#readBody();
    else if (this.#step === 'wait-for-token') this.#waitForToken();
    else if (this.#grant !== null) this.#send(this.#grant);
  }

  protected override refuse(refusal: Refusal): void {
    this.#giveBack();
    const status = sendScimError(this.response, refusal, { 'X-Request-Id': this.id });
    if (this.#countedFor !== null) this.#count(status, status >= 500 ? refusal.code : null);
  }

  #queue(): void {
    this.context.queue.add(this);
  }

  #readBody(): void {
    const { limits, budget } = this.#relay;
    const bytes = announcedLength(this.#request) ?? limits.maxRequestBytes;
    if (!budget.take(this.clientName, bytes)) {
      this.#noMemory = true;
      this.#queue();
      return;
    }
    this.#reserved = bytes;
    this.#reservedFor = this.clientName;
    readBody(this.#request, limits.maxRequestBytes, (body) => {
      this.#bodyRead = true;
      if (body === null) this.#bodyTooLarge = true;
      else this.#body = body;
      this.#queue();
    });
  }

  #waitForToken(): void {
    this.#waited = true;
    const profileId = this.#countedFor?.profileId ?? '';
    this.#relay.rejectedTokens
      .waitForNewToken(profileId)
      .catch((error: unknown) => this.context.log.error({ err: error }, 'the new token cannot be looked up'))
      .finally(() => this.#queue());
  }

  #send(grant: Grant): void {
    const { raw, limits, watch } = this.#relay;
    const { secretHash, proof } = this.#identity;
    const suffix = this.#target.forwarded?.suffix;
    if (suffix === undefined || secretHash === undefined) throw new Error('unreachable: it was granted');
    const url = assertSecureUrl(grant.tenantUrl);
    this.#sent += 1;
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
      responseHeaders: { 'X-Request-Id': this.id },
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
    const known = { requestId: this.id, profile, client: this.clientName };
    switch (ending.kind) {
      case 'answered':
        this.#giveBack();
        this.#count(ending.status, ending.status >= 400 ? String(ending.status) : null);
        return;
      case 'unauthorized':
        log.warn(known, 'Webex answered 401 to a relayed request');
        traffic.upstreamError(profile, 'unauthorized');
        this.#unauthorized = grant.tokenId;
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
        } else this.refuse(ending.kind === 'failed' ? refusals.unreachable : refusals.answerTooLarge);
        return;
      }
      case 'revoked':
        log.warn(known, 'a relayed request was ended, because its client has no access any more');
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
