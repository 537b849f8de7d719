/**
 * A resource as it is compared: scheme and host in lower case, without the scheme's own port and a slash at the end
 * (RFC 3986 §6.2.2.1, §6.2.3). Null where it is no http address, or has what a tenant URL never has.
 */
export function comparableResource(text: string): string | null {
  // What the parser would drop or turn into something else.
  if (!/^[!-[\]-~]+$/.test(text)) return null;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) return null;
  const path = unreservedDecoded(url.pathname).replace(/\/$/, '');
  return url.origin + path.replace(/[^/]*$/, (last) => last.toLowerCase());
}

/** RFC 3986 §6.2.2.2: letters, digits, `-._~` mean the same with and without percent-encoding. */
function unreservedDecoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}
