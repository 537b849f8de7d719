import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createSignInLink,
  type SignInRequest,
  signInLifetimeMs,
} from '../../src/vault/sign-in/start-sign-in.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { documentedState } from '../../src/webex/documented-values.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { simulated } from '../support/test-simulator.ts';
import { allTokens, auditLog, fragment, today } from '../support/vault/test-vault.ts';
import { host, origin, type Served, served } from '../support/web/web-client.ts';

/** Starts a sign-in in this browser, which has no session, and returns its state. */
async function begin({ vault }: Served, browser: TestAgent, request: SignInRequest): Promise<string> {
  const { link } = await createSignInLink(vault, request);
  const { headers } = await browser.get(`/sign-in/${link}`).expect(303);
  return new URL(String(headers.location)).searchParams.get('state') ?? '';
}

const browserOf = (web: Served) => web.visitor().set('Origin', origin);
const bring = (browser: TestAgent, answer: unknown) => browser.post('/auth/code').send({ fragment: answer });

describe('a response that this browser did not request', () => {
  it('is rejected and not stored with a foreign, missing, invented, documented, repeated or array state; the right state stays valid', async () => {
    const web = await served();
    const victim = browserOf(web);
    const attacker = browserOf(web);
    const state = await begin(web, victim, { profile: 'acme' });
    const foreign = await begin(web, attacker, { profile: 'evil' });
    const token = { access_token: 'fake-token-of-evil-1' };
    const answers: [number, unknown][] = [
      [403, fragment({ ...token, state: foreign })],
      [400, fragment(token)],
      [400, fragment({ ...token, state: '' })],
      [400, fragment({ ...token, state: 'x'.repeat(43) })],
      [400, fragment({ ...token, state: documentedState })],
      [400, `${fragment({ ...token, state })}&state=${foreign}`],
      [400, `${fragment({ ...token, state: foreign })}&state=${state}`],
      [400, `${fragment({ ...token, state: null })}&state[]=${state}`],
      [400, `${fragment({ ...token, state: null })}&state%5B0%5D=${state}`],
      [400, fragment({ ...token, state: `${state},${foreign}` })],
      [400, fragment({ ...token, state: `${state} ` })],
      [400, fragment({ ...token, state: state.toLowerCase() })],
      [400, `?state=${state}${fragment({ ...token, state: null })}`],
      [400, [fragment({ ...token, state })]],
      [400, { toString: fragment({ ...token, state }) }],
      [400, null],
    ];
    for (const [status, answer] of answers) await bring(victim, answer).expect(status);
    // The browser of the attacker cannot finish the sign-in of the victim either.
    await bring(attacker, fragment({ ...token, state })).expect(403);
    await bring(browserOf(web), fragment({ ...token, state })).expect(403);
    expect(await web.vault.db.selectFrom('token').selectAll().execute()).toEqual([]);
    await bring(victim, fragment({ access_token: 'fake-token-of-acme-1', state })).expect(200);
    expect(await allTokens(web.vault, 'acme')).toHaveLength(1);
    expect(await allTokens(web.vault, 'evil')).toEqual([]);
  });

  it('is rejected if its state was used or has expired', async () => {
    const web = await served();
    const browser = browserOf(web);
    const state = await begin(web, browser, { profile: 'acme' });
    const answer = fragment({ access_token: 'fake-token-of-acme-1', state });
    await bring(browser, answer).expect(200);
    const other = fragment({ access_token: 'fake-token-of-evil-1', state });
    await bring(browser, other).expect(409);
    const late = await begin(web, browser, { profile: 'acme' });
    web.vault.setNow(today + signInLifetimeMs);
    await bring(browser, fragment({ access_token: 'fake-token-of-evil-1', state: late })).expect(410);
    expect(await allTokens(web.vault, 'acme')).toHaveLength(1);
  });
});

describe('a valid response', () => {
  it('is stored once if it is posted a hundred times in parallel', async () => {
    const web = await served();
    const { link } = await createSignInLink(web.vault, { profile: 'acme' });
    const { headers } = await browserOf(web).get(`/sign-in/${link}`).expect(303);
    const state = new URL(String(headers.location)).searchParams.get('state') ?? '';
    const [cookie = ''] = String(headers['set-cookie']).split(';');
    const body = JSON.stringify({ fragment: fragment({ access_token: 'fake-token-of-acme-1', state }) });
    const server = web.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const head = ['POST /auth/code HTTP/1.1', `Host: ${host}`, `Origin: ${origin}`, `Cookie: ${cookie}`];
    const rest = [
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ];
    const request = [...head, ...rest].join('\r\n');
    const answers = await Promise.all(Array.from({ length: 100 }, () => sendRaw(port, request)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 99 }, () => 409)]);
    expect(await allTokens(web.vault, 'acme')).toHaveLength(1);
    const captured = (await auditLog(web.vault)).filter((row) => row === 'capture ok acme');
    expect(captured).toHaveLength(1);
  });
});

describe('two ID brokers with the same client ID and redirect URI', () => {
  it.each([
    ['commercial', 'government'],
    ['government', 'commercial'],
  ] as const)('a token from the sign-in at %s is never sent to the API of %s', async (asked, other) => {
    const simulator = await simulated({ now: () => today });
    const web = await served(simulator);
    const browser = browserOf(web);
    // The attacker can choose the deployment of the token, but the person chose its destination.
    for (const [name, iss, status] of [
      ['plain', null, 200],
      ['named', simulator.endpoints[asked].idbroker, 200],
      ['published', publishedEndpoints[asked].idbroker, 200],
      ['other', publishedEndpoints[other].idbroker, 400],
      ['elsewhere', 'https://evil.example/idb', 400],
    ] as const) {
      const state = await begin(web, browser, { profile: name, deployment: asked });
      const { accessToken } = simulator.issueToken('full-admin', { deployment: other });
      await bring(browser, fragment({ access_token: accessToken, state, iss })).expect(status);
    }
    const state = await begin(web, browser, { profile: 'mixed-up', deployment: asked });
    const { accessToken } = simulator.issueToken('full-admin', { deployment: other });
    const mixed = fragment({ access_token: accessToken, state, iss: simulator.endpoints[other].idbroker });
    await bring(browser, mixed).expect(400);
    // A profile of one deployment is not reused for the other.
    const person = await web.person();
    await person.post('/sign-in').type('form').send({ name: 'plain', deployment: other }).expect(422);
    await web.idle();
    const bearing = simulator.requests.filter(({ tokenId }) => tokenId !== null);
    expect(bearing.length).toBeGreaterThan(2);
    expect(new Set(bearing.map(({ deployment }) => deployment))).toEqual(new Set([asked]));
  });
});
