/*
 * The target of a request line (RFC 9112 §3.2). Programs interpret the unusual forms differently, so only two are accepted: a
 * plain path, and this server's own origin followed by a plain path.
 */

/** A parsed request target. */
export interface RequestTarget {
  /** Includes the query. */
  path: string;
  /** The host of an absolute target. It replaces the Host header (RFC 9112 §3.2.2). */
  host: string | null;
}

/**
 * Parses a request target, or returns the status that rejects it: 404 for a path that a browser would read as another
 * host (`//` and backslashes), 400 for anything that is not a path, has a fragment, or is another server's URL. `isOwn`
 * decides whether an origin is this server.
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
