import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Of several cookies with the same name, keeps only those that express-session signed with this secret. Any other port of
 * this host can set cookies with a longer path. Browsers send those first, and express-session reads only the first one.
 */
export function keepSignedCookies(cookies: string, name: string, secret: string): string {
  const all = cookies.split(/;\s*/);
  const isSessionCookie = (cookie: string) => cookie.startsWith(`${name}=`);
  if (all.filter(isSessionCookie).length < 2) return cookies;
  return all
    .filter((cookie) => !isSessionCookie(cookie) || isSigned(cookie.slice(name.length + 1), secret))
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
