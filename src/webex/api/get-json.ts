import type { z } from 'zod';
import type { FailureReason, HttpFailure } from '../../http/json-client.ts';
import { requestJson } from '../../http/json-client.ts';
import { serverTime } from '../../http/server-time.ts';
import type { Deployment } from '../deployments.ts';
import { otherDeployment } from '../sign-in/access-token.ts';
import { assertBearerSyntax } from '../sign-in/bearer-syntax.ts';

/** How to reach one deployment. */
export interface WebexConnection {
  /** A token that is known to belong to the other deployment is never sent. */
  deployment: Deployment;
  api: string;
  scim: string;
  fetch: typeof globalThis.fetch;
  now: () => number;
  timeoutMs: number;
}

export type GetResult<T> =
  /** `webexTime`: what Webex's clock says, in epoch milliseconds; null if the response has no date. */
  { ok: true; value: T; webexTime: number | null } | { ok: false; failure: HttpFailure };

/**
 * Sends a GET request with the token and validates the response. Every call to Webex goes through this function, which does not
 * send a token of the other deployment (`other-deployment`).
 */
export async function getJson<T>(
  connection: WebexConnection,
  token: string,
  url: string,
  schema: z.ZodType<T>,
  accept?: string,
): Promise<GetResult<T>> {
  assertBearerSyntax(token);
  const { fetch, timeoutMs, now, deployment } = connection;
  if (otherDeployment(token, deployment) !== null) {
    return { ok: false, failure: failure('other-deployment', { host: new URL(url).host }) };
  }
  const answer = await requestJson({
    url,
    authorization: `Bearer ${token}`,
    fetch,
    timeoutMs,
    now,
    ...(accept === undefined ? {} : { accept }),
  });
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return { ok: true, value: parsed.data, webexTime: serverTime(answer.headers) };
  const { host, status, trackingId, body } = answer;
  return { ok: false, failure: failure('unexpected-shape', { host, status, trackingId, body }) };
}

function failure(
  reason: FailureReason,
  known: Pick<HttpFailure, 'host'> & Partial<HttpFailure>,
): HttpFailure {
  return {
    reason,
    status: null,
    detail: null,
    retryAfterSeconds: null,
    trackingId: null,
    body: undefined,
    ...known,
  };
}
