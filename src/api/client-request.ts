import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Assertion, Decision, Found } from '../store/client-reads.ts';
import { type Authentication, authenticate } from './authenticate.ts';
import type { ApiContext } from './context.ts';
import { readCredentials } from './credentials.ts';
import { type Form, readForm } from './form.ts';
import { assertionIdentity, type Identity, knownForm, secretIdentity } from './identify.ts';
import { OAuthError, type Refusal, sendRefusal } from './oauth-error.ts';
import type { QueuedRead } from './read-queue.ts';
import { sendJson } from './send.ts';

/** What an authenticated client is given: the answer's JSON, or a refusal; and the profile that it is about. */
export type Outcome = { profile: string | null } & (
  | { json: string; granted: boolean }
  | { refusal: Refusal }
);

export interface Arrived {
  context: ApiContext;
  request: Request;
  response: ServerResponse;
  identity: Identity;
  form: Form;
}

/** A request by a client, from the moment that it has been read until it is answered. */
export abstract class ClientRequest implements QueuedRead {
  readonly client: string;
  abstract readonly orgId: string | null;
  abstract readonly profileLimit: number;
  readonly assertion: Assertion | null;
  protected readonly context: ApiContext;
  readonly #response: ServerResponse;
  readonly #identity: Identity;
  readonly #address: string;
  readonly #action: string;
  /** What was decided last. */
  #answer: { json: string } | { refusal: Refusal } | null = null;

  constructor(action: string, { context, request, response, identity }: Arrived) {
    this.context = context;
    this.client = identity.client;
    this.assertion = identity.proof.kind === 'assertion' ? identity.proof.assertion : null;
    this.#action = action;
    this.#response = response;
    this.#identity = identity;
    this.#address = context.addressOf(request);
  }

  /** What the client gets, by what the store holds. `now` in epoch milliseconds. */
  protected abstract outcome(found: Found, now: number): Outcome;

  decide(found: Found | null): Decision {
    const now = this.context.vault.now();
    const authentication = authenticate(found, this.#identity.proof, this.#address, now);
    if (!authentication.ok || found === null) return this.#notAuthenticated(authentication, found, now);
    this.context.throttle.succeeded(this.client, this.#address);
    const outcome = this.outcome(found, now);
    this.#answer = outcome;
    const code = 'refusal' in outcome ? outcome.refusal.code : 'ok';
    return {
      granted: 'granted' in outcome && outcome.granted,
      used: authentication.ok ? authentication.used : null,
      entry: this.#entry(code, outcome.profile),
    };
  }

  answer(): void {
    const answer = this.#answer;
    if (answer === null) throw new Error('a request is answered before it is decided');
    if ('json' in answer) sendJson(this.#response, 200, answer.json);
    else sendRefusal(this.#response, answer.refusal);
  }

  fail(error: unknown): void {
    refuse(this.context, this.#response, error);
  }

  #notAuthenticated(authentication: Authentication, found: Found | null, now: number): Decision {
    if (authentication.ok) throw new Error('nobody was authenticated');
    const { refusal, guessing } = authentication;
    // Names that nobody has count together, or a guesser could fill the memory with them.
    const counted = found === null ? '' : this.client;
    const wait = guessing ? this.context.throttle.failed(counted, this.#address, now) : 0;
    if (wait === 0) {
      this.#answer = { refusal };
      return { granted: false, used: null, entry: this.#entry(refusal.code, null) };
    }
    const description = `Too many wrong credentials from ${this.#address}. Try again in ${wait} seconds.`;
    this.#answer = { refusal: { code: 'invalid_client', description, status: 429, retryAfter: wait } };
    return { granted: false, used: null, entry: null };
  }

  #entry(outcome: string, profile: string | null) {
    return { action: this.#action, outcome, profile, client: this.client || null, address: this.#address };
  }
}

/** Reads a form and the client's credentials, and queues the request that is made of them. */
export function clientEndpoint(
  context: ApiContext,
  make: (arrived: Arrived) => ClientRequest,
): RequestHandler {
  return (request, response) => {
    readForm(request, (error, form) => {
      if (form === null) return refuse(context, response, error);
      const ask = (identity: Identity) => {
        context.queue.add(make({ context, request, response, identity, form }));
      };
      try {
        identify(context, request, form, ask, (reason) => refuse(context, response, reason));
      } catch (reason) {
        refuse(context, response, reason);
      }
    });
  };
}

/** Only an assertion takes time to check; the others go their way without a promise. */
function identify(
  { vault, audiences }: ApiContext,
  request: Request,
  form: Form,
  done: (identity: Identity) => void,
  failed: (reason: unknown) => void,
): void {
  const credentials = readCredentials(request.headers.authorization, form);
  if (credentials.kind === 'secret') done(secretIdentity(credentials));
  else if (credentials.kind === 'none') {
    const { client, why } = credentials;
    done({ client: knownForm(client ?? ''), proof: { kind: 'none', why } });
  } else assertionIdentity(vault.db, credentials, audiences, vault.now()).then(done).catch(failed);
}

/** Answers what went wrong before the decision, or beside it. */
function refuse(context: ApiContext, response: ServerResponse, error: unknown): void {
  if (error instanceof OAuthError) {
    sendRefusal(response, error.refusal);
    return;
  }
  context.log.error({ err: error }, 'a request to the token API failed');
  sendRefusal(response, {
    code: 'temporarily_unavailable',
    description: 'The store cannot be read or written at the moment. The log of the server says why.',
    status: 503,
    retryAfter: 2,
  });
}
