import { signIn } from '../../../src/simulator/webex/sign-in.ts';

/** What a browser does with the link of `webex-token login`: to Webex, sign in as the full administrator, and back. */
export async function signInThrough(link = ''): Promise<void> {
  const { origin } = new URL(link);
  const begun = await fetch(link, { redirect: 'manual' });
  const cookie = begun.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const page = await begun.text();
  const address = begun.headers.get('location') ?? /content="0; url=([^"]+)"/.exec(page)?.[1] ?? '';
  const landed = await signIn(address.replaceAll('&amp;', '&'), { account: 'full-admin' });
  const posted = await fetch(`${origin}/auth/code`, {
    method: 'POST',
    headers: { cookie, origin, 'content-type': 'application/json' },
    body: JSON.stringify({ fragment: new URL(landed).hash }),
  });
  if (!posted.ok) throw new Error(`capture answered ${posted.status}: ${await posted.text()}`);
}
