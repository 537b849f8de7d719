/** A request to a provider, as a dry run shows it. Its secrets are masked. */
export interface RequestPreview {
  method: string;
  url: string;
  body?: unknown;
  /** A dry run sends the requests that change nothing, because the other requests depend on their results. */
  sent: boolean;
}

/** Shown in place of a secret. */
export const mask = '****';

/** One line of a dry run, e.g. `PUT https://… {"value":[…]}`. */
export function formatRequestLine({ method, url, body, sent }: RequestPreview): string {
  const shown = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  return `${sent ? 'sent     ' : 'not sent '} ${method.padEnd(4)} ${url}${shown}`;
}

/** A copy of a request's body with each of the secrets masked. */
export function masked(body: unknown, secrets: readonly string[]): unknown {
  if (typeof body === 'string') {
    return secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, mask)), body);
  }
  if (Array.isArray(body)) return body.map((part) => masked(part, secrets));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, masked(value, secrets)]));
}
