import type { z } from 'zod';
import { type JsonResponse, requestJson } from '../../../http/json-client.ts';
import { type RetryHooks, withRetry } from '../../../http/retry.ts';
import { masked, type RequestPreview } from '../../request-preview.ts';
import { graphError } from './errors.ts';

export interface GraphRequest {
  method: 'GET' | 'POST' | 'PUT';
  /** Below `/v1.0`, with its query. */
  path: string;
  json?: unknown;
  /** Whether it may be sent twice without harm. GET and PUT may. */
  repeatable?: boolean;
  /** Milliseconds; 30,000 where absent. */
  timeoutMs?: number;
  /** Told where no answer came, or one of 5xx: what was asked may have been done all the same. */
  onResponseLost?: () => void;
}

export interface GraphConnection {
  /** The origin, without `/v1.0`. */
  origin: string;
  accessToken: string;
  fetch: typeof globalThis.fetch;
  now: () => number;
  patience: RetryHooks;
  /** Blotted out of everything that Graph says. */
  secrets: readonly string[];
  /** Then nothing but GETs are sent; each request is shown. */
  dryRun: boolean;
  onRequest: (request: RequestPreview) => void;
}

/** Microsoft Graph v1.0, as far as a hand-over needs it. */
export class GraphClient {
  readonly #connection: GraphConnection;
  readonly dryRun: boolean;

  constructor(connection: GraphConnection) {
    this.#connection = connection;
    this.dryRun = connection.dryRun;
  }

  /** Sends a request, with patience. A dry run does not send what changes something, and answers 204 itself. */
  async send(request: GraphRequest): Promise<JsonResponse> {
    const { origin, accessToken, fetch, now, patience, secrets, onRequest } = this.#connection;
    const { method, path, json } = request;
    const url = `${origin}/v1.0${path}`;
    const sent = !this.dryRun || (method === 'GET' && !path.includes(plannedId));
    onRequest({ method, url, sent, ...(json === undefined ? {} : { body: masked(json, secrets) }) });
    if (!sent) {
      const { host } = new URL(origin);
      return { ok: true, status: 204, headers: new Headers(), body: undefined, host, trackingId: null };
    }
    const call = async () => {
      const answer = await requestJson({
        url,
        authorization: `Bearer ${accessToken}`,
        fetch,
        timeoutMs: request.timeoutMs ?? 30_000,
        now,
        method,
        secrets,
        ...(json === undefined ? {} : { json }),
      });
      if (!answer.ok && (answer.failure.status ?? 500) >= 500) request.onResponseLost?.();
      return answer;
    };
    const repeatable = request.repeatable ?? method !== 'POST';
    return await withRetry(
      call,
      { idempotent: repeatable, eventuallyConsistent: path.includes('/synchronization/') },
      patience,
    );
  }

  /** Waits, where what was just done is not seen everywhere yet, and says why. */
  async pause(seconds: number, why: string): Promise<void> {
    const { patience } = this.#connection;
    patience.onWait(seconds, why);
    await patience.sleep(seconds * 1000);
  }

  /** GETs, and checks the answer's shape. Throws what `graphError` makes of a failure. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const found = await this.find(path, schema);
    if (found !== null) return found;
    throw graphError({ ...noFailure, host: new URL(this.#connection.origin).host }, path);
  }

  /** The same, with null for what does not exist. */
  async find<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
    const answer = await this.send({ method: 'GET', path });
    if (!answer.ok && answer.failure.reason === 'not-found') return null;
    return this.read(answer, schema, path);
  }

  /** Sends what changes something. Throws what `graphError` makes of a failure. */
  async change(request: GraphRequest): Promise<JsonResponse & { ok: true }> {
    const answer = await this.send(request);
    if (!answer.ok) throw graphError(answer.failure, request.path);
    return answer;
  }

  read<T>(answer: JsonResponse, schema: z.ZodType<T>, path: string): T {
    if (!answer.ok) throw graphError(answer.failure, path);
    const parsed = schema.safeParse(answer.body);
    if (parsed.success) return parsed.data;
    const { host, status, trackingId } = answer;
    throw graphError({ ...noFailure, reason: 'unexpected-shape', host, status, trackingId }, path);
  }
}

/** Stands for the ID of what a dry run did not create. */
export const plannedId = 'THE-NEW-JOB';

const noFailure = {
  reason: 'not-found' as const,
  host: '',
  status: 404,
  detail: null,
  retryAfterSeconds: null,
  trackingId: null,
  body: undefined,
};
