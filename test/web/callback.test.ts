import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it } from 'vitest';
import { signInLifetimeMs } from '../../src/vault/sign-in/start-sign-in.ts';
import { documentedState } from '../../src/webex/documented-values.ts';
import { allTokens, fragment, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();

/** Starts a sign-in in this browser and returns its state. */
async function begin(browser: TestAgent, form: object = {}): Promise<string> {
  const asked = browser.post('/sign-in').type('form');
  const { headers } = await asked.send({ name: 'acme', ...form }).expect(303);
  const started = await browser.get(String(headers.location)).expect(303);
  return new URL(String(started.headers.location)).searchParams.get('state') ?? '';
}

describe('POST /auth/code and its page', () => {
  it('a valid response is stored, and the browser opens the result', async () => {
    const { person, vault, idle } = await served();
    const browser = await person();
    const state = await begin(browser);
    const { body } = await browser
      .post('/auth/code')
      .send({ fragment: fragment({ access_token: token, state }) })
      .expect(200);
    const [stored] = await allTokens(vault, 'acme');
    expect(body).toEqual({ next: `/tokens/${stored?.id}` });
    await idle();
    expect((await allTokens(vault, 'acme')).map(({ state }) => state)).toEqual(['current']);
  });

  type Make = (state: string) => string;
  const refused: [what: string, status: number, type: string, make: Make][] = [
    ['no state', 400, 'E_STATE_MISSING', () => fragment({ access_token: token })],
    [
      'the documented state',
      400,
      'E_STATE_DOCUMENTED',
      () => fragment({ access_token: token, state: documentedState }),
    ],
    ['an unknown state', 400, 'E_STATE_UNKNOWN', () => fragment({ access_token: token, state: 'unknown' })],
    [
      'two states',
      400,
      'E_REDIRECT_DUPLICATE',
      (state) => `${fragment({ access_token: token, state })}&state=${state}`,
    ],
    [
      'the token in the query',
      400,
      'E_REDIRECT_QUERY',
      (state) => `?access_token=x&token_type=Bearer&state=${state}`,
    ],
    [
      'the other broker',
      400,
      'E_ISSUER',
      (state) => fragment({ access_token: token, state, iss: 'https://idbroker-f.webex.com/idb' }),
    ],
    [
      'another token type',
      400,
      'E_TOKEN_TYPE',
      (state) => fragment({ access_token: token, state, token_type: 'mac' }),
    ],
    ['nothing at all', 400, 'E_REDIRECT_EMPTY', () => ''],
  ];

  it.each(refused)(
    'a response with %s gets status %i and leaves the sign-in open',
    async (_what, status, code, make) => {
      const { person, vault } = await served();
      const browser = await person();
      const state = await begin(browser);
      const answer = await browser
        .post('/auth/code')
        .send({ fragment: make(state) })
        .expect(status);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      const problem = JSON.parse(answer.text);
      expect(problem).toMatchObject({
        type: `/errors/${code}`,
        status,
        title: expect.stringMatching(/./),
        detail: expect.stringMatching(/./),
        help: expect.stringMatching(/./),
        code,
        startOver: '/sign-in',
      });
      expect(answer.text).not.toContain(token);
      expect(await allTokens(vault, 'acme')).toEqual([]);
      await browser
        .post('/auth/code')
        .send({ fragment: fragment({ access_token: token, state }) })
        .expect(200);
    },
  );

  it('another browser cannot finish a sign-in', async () => {
    const { person, visitor, vault } = await served();
    const state = await begin(await person());
    const body = { fragment: fragment({ access_token: token, state }) };
    const stranger = await visitor()
      .set('Origin', 'http://localhost:3000')
      .post('/auth/code')
      .send(body)
      .expect(403);
    expect(JSON.parse(stranger.text)).toMatchObject({ type: '/errors/E_STATE_WRONG_SESSION' });
    expect(JSON.parse(stranger.text)).not.toHaveProperty('startOver');
    await (await person()).post('/auth/code').send(body).expect(403);
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });

  it('a response that was used before leads to the captured token', async () => {
    const { person, vault } = await served();
    const browser = await person();
    const state = await begin(browser);
    const body = { fragment: fragment({ access_token: token, state }) };
    const first = await browser.post('/auth/code').send(body).expect(200);
    const second = await browser.post('/auth/code').send(body).expect(409);
    expect(JSON.parse(second.text)).toMatchObject({ type: '/errors/E_STATE_USED', next: first.body.next });
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
    await browser.get('/tokens/last').expect(303).expect('Location', first.body.next);
  });

  it('a response to an expired sign-in is rejected', async () => {
    const { person, vault } = await served();
    const browser = await person();
    const state = await begin(browser);
    vault.setNow(today + signInLifetimeMs);
    const body = { fragment: fragment({ access_token: token, state }) };
    const answer = await browser.post('/auth/code').send(body).expect(410);
    expect(JSON.parse(answer.text)).toMatchObject({ type: '/errors/E_STATE_EXPIRED' });
  });

  it.each(['#', '?'])('an error after the %s is explained and ends the sign-in', async (mark) => {
    const { person } = await served();
    const browser = await person();
    const state = await begin(browser);
    const body = { fragment: `${mark}error=access_denied&error_description=No+way&state=${state}` };
    const answer = await browser.post('/auth/code').send(body).expect(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      type: '/errors/E_SIGN_IN_FAILED',
      detail: expect.stringContaining('declined'),
    });
    await browser.post('/auth/code').send(body).expect(409);
  });

  it.each([
    ['text/plain', '{"fragment":"#state=x"}', 415],
    ['application/x-www-form-urlencoded', 'fragment=x', 415],
    ['multipart/form-data; boundary=x', '--x--', 415],
    ['application/json; charset=utf-16', '{"fragment":"#state=x"}', 415],
    ['application/jsonp', '{}', 415],
    ['application/json', '{"fragment":', 400],
    ['application/json', '"#state=x"', 400],
    ['application/json', JSON.stringify({ fragment: ['#a', '#b'] }), 400],
    ['application/json', JSON.stringify({ fragment: 'x'.repeat(70_000) }), 413],
  ])('a request with the body %s %s… gets status %i and problem details', async (type, body, status) => {
    const { person, vault, logged } = await served();
    const answer = await (await person())
      .post('/auth/code')
      .set('Content-Type', type)
      .send(body)
      .expect(status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(JSON.parse(answer.text)).toMatchObject({ status, code: expect.stringMatching(/^E_/) });
    expect(await vault.db.selectFrom('token').select('id').execute()).toEqual([]);
    expect(logged()).not.toContain('fragment');
  });

  it('a compressed body is rejected', async () => {
    const browser = (await (await served()).person()).post('/auth/code');
    await browser
      .set({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      .send('{}')
      .expect(415);
  });

  it('an internal error is reported without its details', async () => {
    const { person, vault, logged } = await served();
    const browser = await person();
    const state = await begin(browser);
    vault.keys.seal = () => Promise.reject(new Error(`the disk is full of ${token}`));
    const body = { fragment: fragment({ access_token: token, state }) };
    const answer = await browser.post('/auth/code').send(body).expect(500);
    expect(JSON.parse(answer.text)).toMatchObject({
      type: '/errors/E_INTERNAL',
      help: expect.stringContaining('Try again'),
    });
    expect(answer.text).not.toMatch(/disk|at .*\.ts/);
    expect(logged()).toContain('the disk is full of [hidden]');
    expect(logged()).not.toContain(token);
  });

  it('the capture page is the same for every browser', async () => {
    const { person, visitor } = await served();
    const { text, headers } = await visitor().get('/auth/code').expect(200);
    expect((await (await person()).get('/auth/code')).text).toBe(text);
    expect((await visitor().get('/auth/code?state=x&anything=y')).text).toBe(text);
    expect(headers).not.toHaveProperty('set-cookie');
    expect(text).toMatch(/<head>\s*<script src="\/assets\/capture.js"><\/script>/);
    expect(text).toContain('This page needs JavaScript');
    await visitor()
      .put('/auth/code')
      .set('Origin', 'http://localhost:3000')
      .expect(405)
      .expect('Allow', 'GET, HEAD, POST');
  });

  it('an error in the query is shown without a script, with its text escaped', async () => {
    const { visitor } = await served();
    const description = encodeURIComponent('<script>alert(1)</script>');
    const query = `error=access_denied&error_description=${description}&state=fake-state`;
    const { text } = await visitor().get(`/auth/code?${query}`).expect(200);
    expect(text).toContain('The sign-in was declined');
    expect(text).not.toMatch(/<script>alert|fake-state/);
    const odd = await visitor().get(`/auth/code?error=${description}`).expect(200);
    expect(odd.text).not.toContain('<script>alert');
    await visitor().get('/auth/code?error=a&error=b').expect(200);
  });
});
