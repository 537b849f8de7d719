import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/*
 * The headers that are forwarded in each direction. All others are dropped: connection headers, cookies, credentials, and
 * headers that could change the method, the host or the client's address.
 */

const requestHeaders = [
  'accept',
  'accept-charset',
  'accept-language',
  'content-type',
  'content-encoding',
  'content-language',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'prefer',
  'traceparent',
  'user-agent',
] as const;

/** Headers that are lists: several lines are combined into one. All other headers have one value. */
const lists: ReadonlySet<string> = new Set([
  'accept-patch',
  'allow',
  'cache-control',
  'content-encoding',
  'content-language',
  'preference-applied',
  'ratelimit',
  'ratelimit-policy',
  'vary',
]);

const responseHeaders = [
  'accept-patch',
  'allow',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'preference-applied',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  // Webex's ID for the request. Cisco's support asks for it.
  'trackingid',
  'vary',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
] as const;

/** The value of a header field (RFC 9110 §5.5). */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers for Webex, as alternating names and values. */
export function headersForWebex(headers: IncomingHttpHeaders, accessToken: string): string[] {
  // Without compression, because the addresses in the response are changed.
  const sent = ['authorization', `Bearer ${accessToken}`, 'accept-encoding', 'identity'];
  const dropped = nominated(headers.connection);
  for (const name of requestHeaders) {
    const value = headers[name];
    if (value === undefined || dropped?.has(name)) continue;
    // An invalid value would make Webex start a new trace (W3C Trace Context §3.2.2.2).
    if (name !== 'traceparent' || isTraceParent(String(value))) sent.push(name, String(value));
  }
  return sent;
}

/** W3C Trace Context §3.2.2: version, trace ID, parent ID and flags. A later version may append more. */
const traceParent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]{0,200})?$/;

function isTraceParent(text: string): boolean {
  const [, version, trace = '', parent = '', more] = traceParent.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return false;
  return /[^0]/.test(trace) && /[^0]/.test(parent);
}

/** The headers of Webex's response that the client gets, without `Location` and `Content-Length`. */
export function headersForClient(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const sent: OutgoingHttpHeaders = { 'X-Content-Type-Options': 'nosniff' };
  const dropped = nominated(headers.connection);
  for (const name of responseHeaders) {
    const value = headers[name];
    if (value === undefined || dropped?.has(name)) continue;
    const all = lists.has(name) ? [value].flat() : [onlyValue(value)];
    const values = all.filter((each) => fieldValue.test(each));
    if (values.length > 0) sent[name] = values.join(', ');
  }
  // No cache may store data about users.
  sent['cache-control'] ??= 'no-store';
  return sent;
}

/** The value of a header that is not a list; the first value if a server sent it twice. */
export function onlyValue<T extends string | undefined>(value: T | string[]): T {
  return (Array.isArray(value) ? value[0] : value) as T;
}

/** The headers listed in `Connection`, which are for one hop only (RFC 9110 §7.6.1). */
function nominated(connection: string | string[] | undefined): Set<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return new Set(
    String(connection)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}
