/** A request to a provisioning tool, as a dry run shows it: what is secret in it is masked already. */
export interface RequestPreview {
  method: string;
  url: string;
  body?: unknown;
  /** A dry run asks what changes nothing, to know the rest. */
  sent: boolean;
}

/** What stands for a secret in what is shown. */
export const mask = '****';

/** One line of a dry run, e.g. `PUT https://… {"value":[…]}`. */
export function formatRequestLine({ method, url, body, sent }: RequestPreview): string {
  const shown = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  return `${sent ? 'asked    ' : 'not sent '} ${method.padEnd(4)} ${url}${shown}`;
}

/** A copy of a request's body in which each of the secrets is masked. */
export function masked(body: unknown, secrets: readonly string[]): unknown {
  if (typeof body === 'string') {
    return secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, mask)), body);
  }
  if (Array.isArray(body)) return body.map((part) => masked(part, secrets));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, masked(value, secrets)]));
}
