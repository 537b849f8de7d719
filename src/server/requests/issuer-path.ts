import { apiPaths, isApiPath } from '../../api/paths.ts';

/**
 * Removes the path of an issuer such as `https://example.com/tokens` from a request target. Clients append it to the
 * metadata path (RFC 8414 §3.1) and prepend it to all other paths, and not every proxy removes it. Other targets are
 * returned unchanged.
 */
export function withoutIssuerPath(issuer: string): (target: string) => string {
  const { pathname } = new URL(issuer);
  if (pathname === '/') return (target) => target;
  const documents = Object.values(apiPaths).filter((path) => path.startsWith('/.well-known/'));
  const metadata = new Map(documents.map((path) => [path + pathname, path]));
  return (target) => {
    const query = target.indexOf('?');
    const [path, rest] = query === -1 ? [target, ''] : [target.slice(0, query), target.slice(query)];
    const document = metadata.get(path);
    if (document !== undefined) return document + rest;
    const inside = path.startsWith(`${pathname}/`) ? path.slice(pathname.length) : path;
    return isApiPath(inside) ? inside + rest : target;
  };
}
