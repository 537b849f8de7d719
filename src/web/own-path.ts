/**
 * Returns the path of an untrusted link if it leads to a page of this app, or null. A path that starts with `//`, or with a
 * backslash that browsers read as a slash, leads to another host. A path with dot segments may resolve to such a path, so
 * the resolved path is checked.
 */
export function ownPath(link: unknown, origin: string): string | null {
  if (typeof link !== 'string' || !/^\/[\x21-\x7e]*$/.test(link)) return null;
  const url = URL.parse(link, origin);
  if (url?.origin !== origin) return null;
  const path = `${url.pathname}${url.search}`;
  return !/^[^?]*(?:\/\/|\\)/.test(path) && URL.parse(path, origin)?.origin === origin ? path : null;
}
