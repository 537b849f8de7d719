import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { signIn } from '../../src/simulator/webex/sign-in.ts';
import { errorCodes } from '../../src/simulator/webex/sign-in-form.ts';
import { deployments } from '../../src/webex/deployments.ts';
import { describeAccessToken } from '../../src/webex/sign-in/access-token.ts';
import { authorizeAt, bearing, fragmentOf, simulated } from '../support/test-simulator.ts';

const manual = { redirect: 'manual' } as const;

describe('the sign-in page', () => {
  it.each(deployments)('lists every account of %s and says that it is not Webex', async (deployment) => {
    const simulator = await simulated();
    const answer = await fetch(authorizeAt(simulator, {}, deployment));
    const html = await answer.text();
    const here = simulator.accounts.filter(({ organization }) => organization.deployment === deployment);
    expect(html).toContain('this is not Webex');
    expect(here.map(({ email }) => html.includes(email))).toEqual(Array(7).fill(true));
    expect(html.match(/name="account"/g)).toHaveLength(7);
    expect(html).not.toContain('<script');
  });

  it('sends security headers, no HSTS, and styles from its own address', async () => {
    const simulator = await simulated();
    const answer = await fetch(authorizeAt(simulator));
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('strict-transport-security')).toBeNull();
    expect(answer.headers.get('x-powered-by')).toBeNull();
    const styles = await fetch(new URL('/idb/pages/simulated.css', simulator.endpoints.commercial.idbroker));
    expect(styles.headers.get('content-type')).toContain('text/css');
  });

  it('shows its parameters as text, not as markup', async () => {
    const simulator = await simulated();
    const { origin, pathname, search } = new URL(authorizeAt(simulator));
    // `fetch` would encode these characters, a raw request does not.
    const request = get(origin, { path: `${pathname}${search}"><b>x</b>` });
    const [response] = await once(request, 'response');
    const html = await text(response);
    expect(html).toContain('&lt;b&gt;x');
    expect(html).not.toContain('<b>x');
  });
});

describe('a sign-in', () => {
  it.each(deployments)('ends at %s with a token of that organization in the fragment', async (deployment) => {
    const simulator = await simulated();
    const url = await signIn(authorizeAt(simulator, {}, deployment), { account: 'full-admin' });
    expect(url).toMatch(/^http:\/\/localhost:3000\/auth\/code#access_token=/);
    const { access_token: accessToken = '', ...rest } = fragmentOf(url);
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: '3887999', state: 'fake state+1' });
    expect(accessToken).toMatch(/^[\w-]{64}_SIM[1F]_[0-9a-f-]{36}$/);
    const me = await fetch(`${simulator.endpoints[deployment].api}/people/me`, {
      headers: bearing(accessToken),
    });
    expect(me.status).toBe(200);
  });

  it('returns no state if none was sent', async () => {
    const simulator = await simulated();
    const url = await signIn(authorizeAt(simulator, { state: null }), { account: 'full-admin' });
    expect(fragmentOf(url)).not.toHaveProperty('state');
  });

  it('sends expires_in exactly as selected, or not at all', async () => {
    const simulator = await simulated();
    for (const expiresIn of ['0', '-1', 'soon', '99999999999999999999']) {
      const url = await signIn(authorizeAt(simulator), { account: 'full-admin' }, { expiresIn });
      expect(fragmentOf(url).expires_in).toBe(expiresIn);
    }
    simulator.settings.expiresIn = null;
    const url = await signIn(authorizeAt(simulator), { account: 'full-admin' });
    expect(fragmentOf(url)).not.toHaveProperty('expires_in');
  });

  it.each([
    ['opaque', 'usual', true],
    ['jwt', 'jwt', true],
    ['consumer', 'usual', false],
    ['unknown', 'unknown', false],
  ] as const)('returns a token of the form %s', async (tokenForm, form, namesOrganization) => {
    const simulator = await simulated();
    const url = await signIn(authorizeAt(simulator), { account: 'full-admin' }, { tokenForm });
    const accessToken = fragmentOf(url).access_token ?? '';
    const description = describeAccessToken(accessToken);
    expect(description.form).toBe(form);
    expect(description.orgId !== null).toBe(namesOrganization);
    const me = await fetch(`${simulator.endpoints.commercial.api}/people/me`, {
      headers: bearing(accessToken),
    });
    expect(me.status).toBe(200);
  });

  it('names its issuer, or the other ID broker, if it is set to', async () => {
    const simulator = await simulated();
    const own = await signIn(authorizeAt(simulator), { account: 'full-admin' }, { issuer: 'own' });
    expect(fragmentOf(own).iss).toBe(simulator.endpoints.commercial.idbroker);
    const mixed = await signIn(authorizeAt(simulator), { account: 'full-admin' }, { issuer: 'other' });
    expect(fragmentOf(mixed).iss).toBe(simulator.endpoints.government.idbroker);
  });
});

describe('a sign-in that fails', () => {
  it('returns access_denied in the query or the fragment after a denial', async () => {
    const simulator = await simulated();
    const query = new URL(await signIn(authorizeAt(simulator), { outcome: 'deny' }));
    expect([query.searchParams.get('error'), query.searchParams.get('state')]).toEqual([
      'access_denied',
      'fake state+1',
    ]);
    expect(query.hash).toBe('');
    const fragment = await signIn(authorizeAt(simulator), { outcome: 'deny' }, { errorsIn: 'fragment' });
    expect(new URL(fragment).search).toBe('');
    expect(fragmentOf(fragment).error).toBe('access_denied');
  });

  it.each(errorCodes)('can return %s', async (error) => {
    const simulator = await simulated();
    const url = new URL(await signIn(authorizeAt(simulator), { outcome: 'error', error }));
    expect(url.searchParams.get('error')).toBe(error);
  });

  it.each([
    [{ response_type: 'code' }, 'invalid_request'],
    [{ scope: 'spark:people_read spark:everything' }, 'invalid_scope'],
    [{ scope: null }, 'invalid_scope'],
  ])('responds to the wrong request %o with %s', async (changes, error) => {
    const simulator = await simulated();
    const answer = await fetch(authorizeAt(simulator, changes), manual);
    expect(answer.status).toBe(302);
    const url = new URL(answer.headers.get('location') ?? '');
    expect(url.origin).toBe('http://localhost:3000');
    expect(url.searchParams.get('error')).toBe(error);
  });

  it.each([
    [{ client_id: 'fake-client' }],
    [{ redirect_uri: 'http://localhost.evil.example/auth/code' }],
    [{ redirect_uri: 'http://localhost:3000/elsewhere' }],
    [{ redirect_uri: 'http://localhost:3000/auth/code?x=1' }],
    [{ redirect_uri: null }],
  ])('does not redirect for %o', async (changes) => {
    const simulator = await simulated();
    const answer = await fetch(authorizeAt(simulator, changes), manual);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  it('refuses a repeated parameter', async () => {
    const simulator = await simulated();
    expect((await fetch(`${authorizeAt(simulator)}&state=2`, manual)).status).toBe(400);
  });

  it('refuses the form of an unknown sign-in', async () => {
    const simulator = await simulated();
    const url = `${simulator.endpoints.commercial.idbroker}/sign-in`;
    const body = new URLSearchParams({ request: 'client_id=fake-client', account: 'full-admin' });
    expect((await fetch(url, { method: 'POST', body, ...manual })).status).toBe(400);
  });
});
