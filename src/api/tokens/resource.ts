/**
 * A resource in normalized form: scheme and host in lowercase, without the default port and a trailing slash
 * (RFC 3986 §6.2.2.1, §6.2.3). Null if it is not an http(s) URL, or has parts that a tenant URL never has.
 */
export function comparableResource(text: string): string | null {
  // Characters that the URL parser would drop or replace.
  if (!/^[!-[\]-~]+$/.test(text)) return null;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) return null;
  const path = unreservedDecoded(url.pathname).replace(/\/$/, '');
  return url.origin + path.replace(/[^/]*$/, (last) => last.toLowerCase());
}

/** RFC 3986 §6.2.2.2: letters, digits and `-._~` are equivalent with and without percent-encoding. */
function unreservedDecoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}
