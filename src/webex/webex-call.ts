import type { z } from 'zod';
import { assertBearerSyntax } from './bearer-syntax.ts';
import type { CallFailure } from './http.ts';
import { callJson } from './http.ts';

/** How to reach one deployment. */
export interface Connection {
  api: string;
  scim: string;
  fetch: typeof globalThis.fetch;
  now: () => number;
  timeoutMs: number;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; failure: CallFailure };

/** GETs with the token, and checks the answer's shape. */
export async function getChecked<T>(
  connection: Connection,
  token: string,
  url: string,
  schema: z.ZodType<T>,
  accept?: string,
): Promise<Checked<T>> {
  assertBearerSyntax(token);
  const { fetch, timeoutMs, now } = connection;
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
  return {
    ok: false,
    failure: {
      reason: 'unexpected-shape',
      host: answer.host,
      status: answer.status,
      detail: null,
      retryAfterSeconds: null,
      trackingId: answer.trackingId,
      body: answer.body,
    },
  };
}
