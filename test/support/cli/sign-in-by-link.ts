import { signIn } from '../../../src/simulator/webex/sign-in.ts';

/** Does what a browser does with the link of `webex-token login`: signs in to Webex as the full administrator. */
export async function signInThrough(link = ''): Promise<void> {
  const { origin } = new URL(link);
  const started = await fetch(link, { redirect: 'manual' });
  const cookie = started.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const page = await started.text();
  const address = started.headers.get('location') ?? /content="0; url=([^"]+)"/.exec(page)?.[1] ?? '';
  const landed = await signIn(address.replaceAll('&amp;', '&'), { account: 'full-admin' });
  const posted = await fetch(`${origin}/auth/code`, {
    method: 'POST',
    headers: { cookie, origin, 'content-type': 'application/json' },
    body: JSON.stringify({ fragment: new URL(landed).hash }),
  });
  if (!posted.ok) throw new Error(`capture responded with ${posted.status}: ${await posted.text()}`);
}
