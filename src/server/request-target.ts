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
 * Reads a request target. Null where it is refused: no path at all, a fragment, a path that a browser would read as
 * another host (`//` and backslashes), or another server's address. `isOwn` is asked about an address's origin.
 */
export function readTarget(target: string, isOwn: (origin: string) => boolean): RequestTarget | null {
  if (target.startsWith('/')) return isPlain(target) ? { path: target, host: null } : null;
  const [, address, rest = ''] = /^(https?:\/\/[a-z0-9.:[\]-]+)(.*)$/i.exec(target) ?? [];
  const url = address === undefined ? null : URL.parse(address);
  if (url === null || !isOwn(url.origin)) return null;
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return (rest === '' || /^[/?]/.test(rest)) && isPlain(path) ? { path, host: url.host } : null;
}

function isPlain(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return !target.includes('#') && !path.includes('//') && !path.includes('\\');
}
