import type { z } from 'zod';
import type { BrokerError } from '../../errors/broker-error.ts';
import { type HttpFailure, type JsonResponse, requestJson } from '../../http/json-client.ts';
import { type RetryRules, withRetry } from '../../http/retry.ts';
import { type PushContext, retryHooks } from '../push/push-context.ts';
import { masked } from './request-preview.ts';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Below the API's base URL, with its query. */
  path: string;
  json?: unknown;
  /** Whether it may be sent twice without harm, where the API's own rule does not say so. */
  idempotent?: boolean;
  /** Whether a refusal is an answer that is not waited out, unlike that of an application that was just created. */
  refusalIsFinal?: boolean;
  /** Milliseconds; 30,000 where absent. */
  timeoutMs?: number;
  /** Called where no response or a 5xx came back: the provider may have carried the request out nevertheless. */
  onResponseLost?: () => void;
}

export interface ApiConnection extends Pick<PushContext, 'fetch' | 'sleep' | 'onEvent'> {
  /** Without a slash at the end. */
  baseUrl: string;
  /** The value of the Authorization header. */
  authorization: string;
  now: () => number;
  /** Redacted from everything that the provider returns. */
  secrets: readonly string[];
  /** Sends GET requests only; each request is reported. */
  dryRun: boolean;
}

/** Stands for the ID of something that a dry run did not create. */
export const plannedId = 'THE-NEW-JOB';

/** A provider's management API, as far as a push needs it: reports, masks, repeats and checks each request. */
export abstract class ApiClient {
  readonly dryRun: boolean;
  readonly #connection: ApiConnection;

  constructor(connection: ApiConnection) {
    this.#connection = connection;
    this.dryRun = connection.dryRun;
  }

  /** Explains a failed request of `path`. */
  protected abstract toError(failure: HttpFailure, path: string): BrokerError;

  /** When a request that failed is sent again. */
  protected abstract retryRules(request: ApiRequest): RetryRules;

  /** Sends a request, again where that may help. A dry run answers 204 itself in place of a change. */
  async send(request: ApiRequest): Promise<JsonResponse> {
    const { baseUrl, authorization, fetch, now, secrets, onEvent } = this.#connection;
    const { method, path, json, timeoutMs = 30_000, onResponseLost } = request;
    const url = `${baseUrl}${path}`;
    const sent = !this.dryRun || (method === 'GET' && !path.includes(plannedId));
    const body = json === undefined ? {} : { body: masked(json, secrets) };
    onEvent({ type: 'request', request: { method, url, sent, ...body } });
    if (!sent) {
      const { host } = new URL(url);
      return { ok: true, status: 204, headers: new Headers(), body: undefined, host, trackingId: null };
    }
    const call = async () => {
      const response = await requestJson({
        url,
        authorization,
        fetch,
        timeoutMs,
        now,
        method,
        secrets,
        ...(json === undefined ? {} : { json }),
      });
      if (!response.ok && (response.failure.status ?? 500) >= 500) onResponseLost?.();
      return response;
    };
    return await withRetry(call, this.retryRules(request), retryHooks(this.#connection));
  }

  /** Waits until a change is visible everywhere, and reports why. */
  async pause(seconds: number, reason: string): Promise<void> {
    const { sleep, onEvent } = this.#connection;
    onEvent({ type: 'wait', seconds, reason });
    await sleep(seconds * 1000);
  }

  /** Sends a GET request and checks the shape of the response. Throws what `toError` makes of a failure. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.read(await this.send({ method: 'GET', path }), schema, path);
  }

  /** The same, with null for what does not exist. */
  async find<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const response = await this.send({ method: 'GET', path });
    if (!response.ok && response.failure.reason === 'not-found') return null;
    return this.read(response, schema, path);
  }

  /** Sends a request that changes something. Throws what `toError` makes of a failure. */
  async change(request: ApiRequest): Promise<JsonResponse & { ok: true }> {
    const response = await this.send(request);
    if (!response.ok) throw this.toError(response.failure, request.path);
    return response;
  }

  /** The body of a response, checked. */
  read<T>(response: JsonResponse, schema: z.ZodType<T>, path: string): T {
    if (!response.ok) throw this.toError(response.failure, path);
    const parsed = schema.safeParse(response.body);
    if (parsed.success) return parsed.data;
    const { host, status, trackingId } = response;
    const failure = { reason: 'unexpected-shape' as const, detail: null, retryAfterSeconds: null };
    throw this.toError({ ...failure, host, status, trackingId, body: undefined }, path);
  }
}
