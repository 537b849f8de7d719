import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { Deployment } from '../../src/webex/deployments.ts';
import { authorizeAt, fragmentOf, simulated } from '../support/test-simulator.ts';

/** Signs in by the form and returns the cookie that a browser would keep. */
async function cookieOf(
  simulator: Simulator,
  choices: Record<string, string> = {},
  deployment: Deployment = 'commercial',
): Promise<string> {
  const authorize = new URL(authorizeAt(simulator));
  const answer = await fetch(`${simulator.endpoints[deployment].idbroker}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ request: authorize.search.slice(1), account: 'user-admin', ...choices }),
    redirect: 'manual',
  });
  expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

function open(url: string, cookie: string): Promise<Response> {
  return fetch(url, { headers: { cookie }, redirect: 'manual' });
}

function ssoAt(simulator: Simulator, goto: string, deployment: Deployment = 'commercial'): string {
  const { idbroker } = simulator.endpoints[deployment];
  return `${idbroker}/saml2/jsp/doSSO.jsp?type=login&goto=${encodeURIComponent(goto)}`;
}

describe('the simulated single sign-on', () => {
  it('redirects a signed-in person at once, with a new token each time', async () => {
    const simulator = await simulated();
    const cookie = await cookieOf(simulator);
    const answers = [await open(authorizeAt(simulator), cookie), await open(authorizeAt(simulator), cookie)];
    expect(answers.map(({ status }) => status)).toEqual([302, 302]);
    const tokens = answers.map((answer) => fragmentOf(answer.headers.get('location') ?? '').access_token);
    expect(new Set(tokens).size).toBe(2);
  });

  it('applies the choices of a sign-in to its own response only', async () => {
    const simulator = await simulated();
    const cookie = await cookieOf(simulator, { expiresIn: '0' });
    const reported = [];
    for (let time = 0; time < 2; time += 1) {
      const answer = await open(authorizeAt(simulator), cookie);
      reported.push(fragmentOf(answer.headers.get('location') ?? '').expires_in);
    }
    expect(reported).toEqual(['0', '3887999']);
  });

  it('keeps the sign-ins at both ID brokers separate', async () => {
    const simulator = await simulated();
    const cookie = await cookieOf(simulator);
    const other = await cookieOf(simulator, {}, 'government');
    // A browser sends both cookies to both: cookies ignore the port, and a second one with the same name would replace the first.
    expect(other.split('=')[0]).not.toBe(cookie.split('=')[0]);
    expect((await open(authorizeAt(simulator), `${other}; ${cookie}`)).status).toBe(302);
    expect((await open(authorizeAt(simulator, {}, 'government'), cookie)).status).toBe(200);
  });

  it('asks again at doSSO even if someone is signed in, and forgets them', async () => {
    const simulator = await simulated();
    const cookie = await cookieOf(simulator);
    const page = await open(ssoAt(simulator, authorizeAt(simulator)), cookie);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Who signs in?');
    expect((await open(authorizeAt(simulator), cookie)).status).toBe(200);
  });

  it('redirects from doSSO to its own authorize URL only', async () => {
    const simulator = await simulated();
    const foreign = [
      'https://evil.example/idb/oauth2/v1/authorize?x=1',
      authorizeAt(simulator, {}, 'government'),
      authorizeAt(simulator, { client_id: 'fake-client' }),
      '',
    ];
    for (const goto of foreign) expect((await open(ssoAt(simulator, goto), '')).status).toBe(400);
  });

  it('forgets the account on sign-out, and redirects to this machine only', async () => {
    const simulator = await simulated();
    const logout = `${simulator.endpoints.commercial.idbroker}/oauth2/v1/logout?cisService=webex`;
    const cookie = await cookieOf(simulator);
    expect((await open(logout, cookie)).status).toBe(200);
    expect((await open(authorizeAt(simulator), cookie)).status).toBe(200);
    const back = await open(`${logout}&goto=${encodeURIComponent('http://localhost:3000/again')}`, '');
    expect(back.headers.get('location')).toBe('http://localhost:3000/again');
    const away = await open(`${logout}&goto=${encodeURIComponent('https://evil.example/')}`, '');
    expect([away.status, away.headers.get('location')]).toEqual([200, null]);
  });
});
