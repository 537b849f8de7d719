/**
 * The path of an untrusted link if it certainly leads to a page of this app, or null. A path that starts with `//`, or
 * with a backslash that a browser reads as a slash, leads to another host, and a path with dot segments may become one.
 * Therefore the resolved path is checked.
 */
export function ownPath(link: unknown, origin: string): string | null {
  if (typeof link !== 'string' || !/^\/[\x21-\x7e]*$/.test(link)) return null;
  const url = URL.parse(link, origin);
  if (url?.origin !== origin) return null;
  const path = `${url.pathname}${url.search}`;
  return !/^[^?]*(?:\/\/|\\)/.test(path) && URL.parse(path, origin)?.origin === origin ? path : null;
}
