import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Of several cookies with one name keeps those that were signed with this secret, as express-session signs. Every other
 * port of this host can set more of them, and for a narrower path: those a browser sends first, and the first would count.
 */
export function keepSignedCookies(cookies: string, name: string, secret: string): string {
  const all = cookies.split(/;\s*/);
  const isOurs = (cookie: string) => cookie.startsWith(`${name}=`);
  if (all.filter(isOurs).length < 2) return cookies;
  return all
    .filter((cookie) => !isOurs(cookie) || isSigned(cookie.slice(name.length + 1), secret))
    .join('; ');
}

function isSigned(encoded: string, secret: string): boolean {
  let value: string;
  try {
    value = decodeURIComponent(encoded);
  } catch {
    return false;
  }
  const [, id, signature] = /^s:(.+)\.([^.]+)$/.exec(value) ?? [];
  if (id === undefined || signature === undefined) return false;
  const expected = Buffer.from(createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, ''));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
