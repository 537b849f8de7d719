import type { z } from 'zod';
import type { BrokerError } from '../../errors/broker-error.ts';
import { type HttpFailure, type JsonResponse, requestJson } from '../../http/json-client.ts';
import { type RetryRules, withRetry } from '../../http/retry.ts';
import { type PushContext, retryHooks } from '../push/push-context.ts';
import { masked } from './request-preview.ts';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** The path below the API's base URL, with the query. */
  path: string;
  json?: unknown;
  /** Whether the request can safely be sent twice; overrides the API's own rule. */
  idempotent?: boolean;
  /** Whether a rejection is final, so that it is not retried as for an application that was just created. */
  refusalIsFinal?: boolean;
  /** Timeout in milliseconds. Default: 30,000. */
  timeoutMs?: number;
  /** Called if there was no response or a 5xx, because the provider may have executed the request anyway. */
  onResponseLost?: () => void;
}

export interface ApiConnection extends Pick<PushContext, 'fetch' | 'sleep' | 'onEvent'> {
  /** Without a slash at the end. */
  baseUrl: string;
  /** The value of the Authorization header. */
  authorization: string;
  now: () => number;
  /** Redacted from all of the provider's responses. */
  secrets: readonly string[];
  /** Sends GET requests only; each request is reported. */
  dryRun: boolean;
}

/** A placeholder for the ID of an object that a dry run does not create. */
export const plannedId = 'THE-NEW-JOB';

/** A client for a provider's management API. It reports, masks, retries and checks each request. */
export abstract class ApiClient {
  readonly dryRun: boolean;
  readonly #connection: ApiConnection;

  constructor(connection: ApiConnection) {
    this.#connection = connection;
    this.dryRun = connection.dryRun;
  }

  /** Explains a failed request of `path`. */
  protected abstract toError(failure: HttpFailure, path: string): BrokerError;

  /** The rules for retrying a failed request. */
  protected abstract retryRules(request: ApiRequest): RetryRules;

  /** Sends a request, with retries if they may help. In a dry run, a change is not sent and the result is a 204. */
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

  /** Waits for a change to become visible everywhere, and reports the reason. */
  async pause(seconds: number, reason: string): Promise<void> {
    const { sleep, onEvent } = this.#connection;
    onEvent({ type: 'wait', seconds, reason });
    await sleep(seconds * 1000);
  }

  /** Sends a GET request and validates the response. Throws the error that `toError` returns for a failure. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.read(await this.send({ method: 'GET', path }), schema, path);
  }

  /** The same, but returns null if the object does not exist. */
  async find<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const response = await this.send({ method: 'GET', path });
    if (!response.ok && response.failure.reason === 'not-found') return null;
    return this.read(response, schema, path);
  }

  /** Sends a request that changes something. Throws the error that `toError` returns for a failure. */
  async change(request: ApiRequest): Promise<JsonResponse & { ok: true }> {
    const response = await this.send(request);
    if (!response.ok) throw this.toError(response.failure, request.path);
    return response;
  }

  /** The validated body of a response. */
  read<T>(response: JsonResponse, schema: z.ZodType<T>, path: string): T {
    if (!response.ok) throw this.toError(response.failure, path);
    const parsed = schema.safeParse(response.body);
    if (parsed.success) return parsed.data;
    const { host, status, trackingId } = response;
    const failure = { reason: 'unexpected-shape' as const, detail: null, retryAfterSeconds: null };
    throw this.toError({ ...failure, host, status, trackingId, body: undefined }, path);
  }
}
