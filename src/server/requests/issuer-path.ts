import { apiPaths, isApiPath } from '../../api/paths.ts';

/**
 * For an issuer with a path, such as `https://example.com/tokens`: the target of a request as the API knows it. Clients
 * ask for the metadata with the path behind it (RFC 8414 §3.1), and for everything else with the path before it; not
 * every proxy takes that away. Other targets stay as they are.
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
