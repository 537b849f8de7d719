import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { explainNetworkError } from './explain-network-error.ts';
import type { Explanation } from './explanation.ts';
import { assertSecureUrl } from './secure-url.ts';

export type FailureReason =
  /** Nothing was sent, because the token belongs to the other deployment. */
  | 'other-deployment'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'rate-limited'
  | 'server-error'
  | 'redirected'
  | 'unexpected-status'
  | 'html'
  | 'not-json'
  | 'unexpected-shape'
  | 'too-large'
  | 'timeout'
  | 'proxy'
  | 'tls'
  | 'dns'
  | 'refused'
  | 'network';

/** A failed call. Every text in it can be shown to a person. */
export interface HttpFailure {
  reason: FailureReason;
  /** The host that was called, with its port. */
  host: string;
  /** Null if no response arrived. */
  status: number | null;
  /** The service's own message, on one line, or null. */
  detail: string | null;
  /** Why no response arrived, and what to do; absent if one arrived. */
  network?: Explanation;
  /** From `Retry-After`, in seconds, at most 3600; null if absent or invalid. */
  retryAfterSeconds: number | null;
  /** The ID that the vendor's support asks for, or null. */
  trackingId: string | null;
  /** The JSON of the response, if it was JSON. Untrusted. */
  body: unknown;
}

export type JsonResponse =
  | { ok: true; status: number; headers: Headers; body: unknown; host: string; trackingId: string | null }
  | { ok: false; failure: HttpFailure };

export interface JsonCall {
  url: string;
  /** The whole value of `Authorization`, such as `Bearer …` or `SSWS …`. If absent, the header is not sent. */
  authorization?: string;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
  /** Epoch milliseconds; read only for a `Retry-After` that is a date. */
  now: () => number;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  json?: unknown;
  accept?: string;
  /** Secrets in the request that must not be shown, besides the credential. */
  secrets?: readonly string[];
}

/** Far larger than any expected response. */
const maxBytes = 1_048_576;

/**
 * Calls a JSON service, usually with a credential, and classifies the response. Redirects are never followed, so the
 * request reaches only the intended host. Throws only for a call that must not be made
 * (`E_INSECURE_ADDRESS`, `E_TOKEN_SYNTAX`).
 */
export async function requestJson(call: JsonCall): Promise<JsonResponse> {
  const url = assertSecureUrl(call.url);
  const { authorization } = call;
  if (authorization !== undefined && !/^[\x21-\x7e]+ [\x21-\x7e]+$/.test(authorization)) {
    // fetch would reject it too, but with the credential in its error message.
    throw new BrokerError(
      'E_TOKEN_SYNTAX',
      'The token contains characters that are not allowed in a bearer token.',
      {
        help: 'Sign in again, or import the token again.',
      },
    );
  }
  const failed = (reason: FailureReason, known: Partial<HttpFailure> = {}): JsonResponse => ({
    ok: false,
    failure: {
      reason,
      host: url.host,
      status: null,
      detail: null,
      retryAfterSeconds: null,
      trackingId: null,
      body: undefined,
      ...known,
    },
  });
  const credential = authorization?.slice(authorization.indexOf(' ') + 1) ?? '';
  const secrets = [credential, ...(call.secrets ?? [])].filter((secret) => secret !== '');
  let response: Response;
  let text: string | null;
  try {
    response = await call.fetch(url.href, {
      method: call.method ?? 'GET',
      headers: {
        ...(authorization !== undefined && { authorization }),
        accept: call.accept ?? 'application/json',
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeoutMs),
    });
    text = await boundedText(response);
  } catch (error) {
    const { reason, ...network } = explainNetworkError(error, url.host);
    return failed(reason, { network });
  }
  const { status, headers } = response;
  const body = text === null ? undefined : parseJson(text);
  const known = {
    status,
    body,
    detail: vendorDetail(body, secrets),
    trackingId: trackingId(headers, body, secrets),
    retryAfterSeconds: retryAfter(headers.get('retry-after'), call.now),
  };
  const refused = statusReason(status);
  if (refused !== null) return failed(refused, known);
  if (text === null) return failed('too-large', known);
  if (text === '')
    return { ok: true, status, headers, body: undefined, host: url.host, trackingId: known.trackingId };
  if (body === undefined) return failed(isHtml(headers, text) ? 'html' : 'not-json', known);
  return { ok: true, status, headers, body, host: url.host, trackingId: known.trackingId };
}

function statusReason(status: number): FailureReason | null {
  if (status >= 200 && status < 300) return null;
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status >= 500) return 'server-error';
  // An opaque redirect has status 0.
  return status < 400 ? 'redirected' : 'unexpected-status';
}

/** Null if the body is larger than the limit. The rest is not read. */
async function boundedText(response: Response): Promise<string | null> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  // Removes a byte order mark, which JSON.parse rejects.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHtml(headers: Headers, text: string): boolean {
  return /\bhtml\b/i.test(headers.get('content-type') ?? '') || /^\s*<(!doctype|html)/i.test(text);
}

/** The error messages of Webex (`message`), SCIM (`detail`), Microsoft Graph (`error.message`) and Okta (`errorSummary`). */
function vendorDetail(body: unknown, secrets: readonly string[]): string | null {
  const said = [
    field(body, 'detail'),
    field(body, 'message'),
    field(field(body, 'error'), 'message'),
    field(body, 'errorSummary'),
  ];
  const text = said.find((value) => typeof value === 'string' && value.trim() !== '');
  return typeof text === 'string' ? sanitizeForDisplay(text, 200, secrets) : null;
}

function trackingId(headers: Headers, body: unknown, secrets: readonly string[]): string | null {
  const ids = [field(body, 'trackingId'), headers.get('trackingid')];
  const id = ids.find(
    (value) =>
      typeof value === 'string' &&
      /^[\w.:-]{1,100}$/.test(value) &&
      !secrets.some((secret) => value.includes(secret)),
  );
  return typeof id === 'string' ? id : null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** RFC 9110 §10.2.3: seconds or a date. At most an hour, as in Webex's SDK. */
function retryAfter(value: string | null, now: () => number): number | null {
  if (value === null) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(Math.ceil(seconds), 0), 3600);
}
