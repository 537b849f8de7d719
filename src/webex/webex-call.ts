import type { z } from 'zod';
import { otherDeployment } from './access-token.ts';
import { assertBearerSyntax } from './bearer-syntax.ts';
import type { Deployment } from './deployments.ts';
import type { CallFailure, FailureReason } from './http.ts';
import { callJson } from './http.ts';

/** How to reach one deployment. */
export interface Connection {
  /** Tokens that are known to belong to the other one are never sent. */
  deployment: Deployment;
  api: string;
  scim: string;
  fetch: typeof globalThis.fetch;
  now: () => number;
  timeoutMs: number;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; failure: CallFailure };

/**
 * GETs with the token, and checks the answer's shape. Every call to Webex passes here: a token of the other deployment
 * is not sent (`other-deployment`).
 */
export async function getChecked<T>(
  connection: Connection,
  token: string,
  url: string,
  schema: z.ZodType<T>,
  accept?: string,
): Promise<Checked<T>> {
  assertBearerSyntax(token);
  const { fetch, timeoutMs, now, deployment } = connection;
  if (otherDeployment(token, deployment) !== null) {
    return { ok: false, failure: failure('other-deployment', { host: new URL(url).host }) };
  }
  const answer = await callJson({
    url,
    authorization: `Bearer ${token}`,
    fetch,
    timeoutMs,
    now,
    ...(accept === undefined ? {} : { accept }),
  });
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return { ok: true, value: parsed.data };
  const { host, status, trackingId, body } = answer;
  return { ok: false, failure: failure('unexpected-shape', { host, status, trackingId, body }) };
}

function failure(
  reason: FailureReason,
  known: Pick<CallFailure, 'host'> & Partial<CallFailure>,
): CallFailure {
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
