/*
 * What a request asks for, as its request line names it (RFC 9112 §3.2). Programs read the odd forms differently, so
 * that only two are left: a plain path, and our own address with a plain path behind it.
 */

/** Where a request goes. */
export interface RequestTarget {
  /** With the query. */
  path: string;
  /** Where the target is an address: its host. It counts in place of the Host header (RFC 9112 §3.2.2). */
  host: string | null;
}

/**
 * Reads a request target, or tells the status that refuses it: 404 for a path that a browser would read as another host
 * (`//` and backslashes), 400 for what is no path, has a fragment, or is another server's address. `isOwn` is asked about
 * an address's origin.
 */
export function readTarget(
  target: string,
  isOwn: (origin: string) => boolean,
): RequestTarget | { refusal: 400 | 404 } {
  if (target.startsWith('/')) return readPath(target, null);
  const [, address, rest = ''] = /^(https?:\/\/[a-z0-9.:[\]-]+)([/?].*)?$/i.exec(target) ?? [];
  const url = address === undefined ? null : URL.parse(address);
  if (url === null || !isOwn(url.origin)) return { refusal: 400 };
  return readPath(rest.startsWith('/') ? rest : `/${rest}`, url.host);
}

function readPath(target: string, host: string | null): RequestTarget | { refusal: 400 | 404 } {
  const [path = ''] = target.split('?', 1);
  if (target.includes('#')) return { refusal: 400 };
  return path.includes('//') || path.includes('\\') ? { refusal: 404 } : { path: target, host };
}
