import type { z } from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { explainFailure } from '../../http/explain-failure.ts';
import { type HttpFailure, type JsonResponse, requestJson } from '../../http/json-client.ts';
import { type RetryHooks, withRetry } from '../../http/retry.ts';
import { masked, type RequestPreview } from '../request-preview.ts';
import type { OktaSession } from './sign-in.ts';

export interface OktaRequest {
  method: 'GET' | 'POST';
  /** Below the organization's address, with its query. */
  path: string;
  json?: unknown;
  /** Told where no answer came, or one of 5xx: what was asked may have been done all the same. */
  onResponseLost?: () => void;
}

export interface OktaConnection {
  session: OktaSession;
  now: () => number;
  patience: RetryHooks;
  secrets: readonly string[];
  /** Then nothing but GETs are sent; each request is shown. */
  dryRun: boolean;
  onRequest: (request: RequestPreview) => void;
}

/** Okta's management API, as far as a hand-over needs it. */
export class OktaClient {
  readonly #connection: OktaConnection;
  readonly dryRun: boolean;

  constructor(connection: OktaConnection) {
    this.#connection = connection;
    this.dryRun = connection.dryRun;
  }

  /** Sends a request, with patience; what is asked of it here can be asked twice. */
  async send({ method, path, json, onResponseLost }: OktaRequest): Promise<JsonResponse> {
    const { session, now, patience, onRequest } = this.#connection;
    const secrets = [...this.#connection.secrets, ...session.secrets];
    const url = `${session.orgUrl}${path}`;
    const sent = !this.dryRun || method === 'GET';
    onRequest({ method, url, sent, ...(json === undefined ? {} : { body: masked(json, secrets) }) });
    if (!sent) {
      const { host } = new URL(url);
      return { ok: true, status: 204, headers: new Headers(), body: undefined, host, trackingId: null };
    }
    const call = async () => {
      const answer = await requestJson({
        url,
        authorization: session.authorization,
        fetch: (input, init) => withRetryAfter(session.fetch(input, init), now),
        timeoutMs: 30_000,
        now,
        method,
        secrets,
        ...(json === undefined ? {} : { json }),
      });
      if (!answer.ok && (answer.failure.status ?? 500) >= 500) onResponseLost?.();
      return answer;
    };
    return await withRetry(call, { idempotent: true, eventuallyConsistent: false }, patience);
  }

  /** GETs, and checks the answer's shape; null for what does not exist. Throws `E_OKTA`. */
  async find<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const answer = await this.send({ method: 'GET', path });
    if (!answer.ok) {
      if (answer.failure.reason === 'not-found') return null;
      throw oktaError(answer.failure);
    }
    const parsed = schema.safeParse(answer.body);
    if (parsed.success) return parsed.data;
    throw oktaError({
      reason: 'unexpected-shape',
      host: answer.host,
      status: answer.status,
      detail: null,
      retryAfterSeconds: null,
      trackingId: null,
      body: undefined,
    });
  }
}

/** Okta says when its limit is over in a header of its own: an instant, in seconds. */
async function withRetryAfter(answer: Promise<Response>, now: () => number): Promise<Response> {
  const response = await answer;
  const reset = Number(response.headers.get('x-rate-limit-reset') ?? Number.NaN);
  if (response.status !== 429 || response.headers.has('retry-after') || Number.isNaN(reset)) return response;
  const here = Date.parse(response.headers.get('date') ?? '') || now();
  const headers = new Headers(response.headers);
  headers.set('retry-after', String(Math.max(1, Math.ceil(reset - here / 1000))));
  return new Response(response.body, { status: 429, headers });
}

/** Puts a call to Okta that failed into words. Its code is `E_OKTA`. */
export function oktaError(failure: HttpFailure): BrokerError {
  const said = failure.detail === null ? '' : ` It says: “${failure.detail}”`;
  if (failure.reason === 'unauthorized') {
    return new BrokerError('E_OKTA', `Okta does not accept the sign-in (401).${said}`, {
      help: 'Check OKTA_CLIENT_TOKEN: an API token ends after 30 days without use, and with the account that made it.',
    });
  }
  if (failure.reason === 'forbidden') {
    return new BrokerError('E_OKTA', `Okta does not let this sign-in do that (403).${said}`, {
      help: 'It takes an Application Administrator, or a service app with okta.apps.read and okta.apps.manage.',
    });
  }
  const { message, help } = explainFailure(failure, 'Okta', {
    'not-found': 'Check --app and OKTA_CLIENT_ORGURL.',
    'server-error': 'Try again in a few minutes. See https://status.okta.com if it repeats.',
    'unexpected-status': 'Try again in a few minutes. See https://status.okta.com if it repeats.',
    'rate-limited': 'Wait some minutes, then try again.',
  });
  return new BrokerError('E_OKTA', message, { help });
}
