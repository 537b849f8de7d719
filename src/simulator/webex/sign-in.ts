import type { SignInSettings } from './settings.ts';

/** The account that signs in, or how the sign-in ends instead. */
export type SignInOutcome = { account: string } | { outcome: 'deny' } | { outcome: 'error'; error: string };

/**
 * Signs in like a person in the browser: opens the sign-in URL, presses a button, and returns the redirect URL with its
 * fragment. Throws if the page is not a sign-in page.
 */
export async function signIn(
  authorizeUrl: string,
  outcome: SignInOutcome,
  chosen: Partial<SignInSettings> = {},
): Promise<string> {
  const page = await fetch(authorizeUrl, { redirect: 'manual' });
  const html = await page.text();
  if (page.status === 302) return page.headers.get('location') ?? '';
  const request = /name="request" value="([^"]*)"/.exec(html)?.[1];
  if (request === undefined)
    throw new Error(`No sign-in page but ${page.status} at ${new URL(authorizeUrl).pathname}`);
  const fields = Object.entries({ ...outcome, ...chosen }).map(([field, value]) => [
    field,
    String(value ?? 'absent'),
  ]);
  const body = new URLSearchParams(fields);
  body.set('request', request.replaceAll('&amp;', '&'));
  const response = await fetch(new URL('/idb/sign-in', authorizeUrl), {
    method: 'POST',
    body,
    redirect: 'manual',
  });
  const next = new URL(response.headers.get('location') ?? '', authorizeUrl);
  if (next.origin !== new URL(authorizeUrl).origin) return next.href;
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const end = await fetch(next, { redirect: 'manual', headers: { cookie } });
  return end.headers.get('location') ?? '';
}
