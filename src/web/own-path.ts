/**
 * The path of a link that another program may have written, where it certainly leads to our own pages; else null.
 * A path that starts with `//`, or has a backslash that a browser reads as a slash, names another host, and one with
 * dot segments may become such a path. So what counts is where the result leads.
 */
export function ownPath(link: unknown, origin: string): string | null {
  if (typeof link !== 'string' || !/^\/[\x21-\x7e]*$/.test(link)) return null;
  const url = URL.parse(link, origin);
  if (url?.origin !== origin) return null;
  const path = `${url.pathname}${url.search}`;
  return !/^[^?]*(?:\/\/|\\)/.test(path) && URL.parse(path, origin)?.origin === origin ? path : null;
}
