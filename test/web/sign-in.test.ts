import type { Response } from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it } from 'vitest';
import { captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { signInLifetimeMs } from '../../src/vault/sign-in/start-sign-in.ts';
import { actor, fragment, justCaptured, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { acmeOrgId, usualToken } from '../support/webex/fake-tokens.ts';

/** The headers of a navigation that a page of the web app starts. */
const withinWindow = {
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};

/** Follows the form: to the page that checks for service workers, then to Webex. */
async function onwards(browser: TestAgent, { status, headers }: Response): Promise<URL> {
  expect(status).toBe(303);
  expect(headers.location).toMatch(/^\/sign-in\/[\w-]{43}$/);
  const page = await browser.get(String(headers.location)).set(withinWindow).expect(200);
  const path = /data-continue-url="([^"]+)"/.exec(page.text)?.[1] ?? '';
  expect(path).toBe(`${headers.location}/begin`);
  const response = await browser.get(path).set(withinWindow).expect(303);
  return new URL(String(response.headers.location));
}

describe('the pages of a sign-in', () => {
  it('lead to Webex with a name and one button', async () => {
    const { person, vault } = await served();
    const browser = await person();
    expect((await browser.get('/').expect(200)).text).toContain('Get your first Webex token');
    const response = await browser
      .post('/sign-in')
      .type('form')
      .send({ name: 'Acmé  Corp. ', where: 'here' });
    const url = await onwards(browser, response);
    expect(url.origin + url.pathname).toBe('https://idbroker.webex.com/idb/oauth2/v1/authorize');
    expect(
      await vault.db.selectFrom('sign_in').select(['profile_name', 'deployment', 'org_id']).execute(),
    ).toEqual([{ profile_name: 'acme-corp.', deployment: 'commercial', org_id: null }]);
  });

  it('warn before and after a sign-in that the history of a normal window keeps the token', async () => {
    const { person, vault, idle } = await served();
    const tokenId = await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    const browser = await person();
    for (const path of ['/sign-in', '/profiles/acme']) {
      expect((await browser.get(path).expect(200)).text).toContain(
        'n a normal window, the browsing history keeps the token on disk',
      );
    }
    expect((await browser.get(`/tokens/${tokenId}`).expect(200)).text).toContain(
      'Clear the last hour of your browsing history',
    );
    await idle();
  });

  it('pass on the other deployment, an organization ID and a forced sign-in', async () => {
    const { person, vault } = await served();
    const form = { name: 'acme', deployment: 'government', orgId: acmeOrgId.toUpperCase(), fresh: 'yes' };
    const browser = await person();
    const url = await onwards(browser, await browser.post('/sign-in').type('form').send(form));
    expect(url.origin + url.pathname).toBe('https://idbroker-f.webex.com/idb/saml2/jsp/doSSO.jsp');
    expect(
      await vault.db.selectFrom('sign_in').select(['deployment', 'org_id', 'fresh_sign_in']).execute(),
    ).toEqual([{ deployment: 'government', org_id: acmeOrgId, fresh_sign_in: 1 }]);
  });

  it.each([
    [{ name: '' }, 'name', 'Enter a name for the organization.'],
    [{ name: '???' }, 'name', 'needs a letter'],
    [{ name: 'acme', orgId: 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c' }, 'orgId', 'example from Cisco’s guide'],
  ])('keep the entered values and say what to fix: %o', async (form, field, message) => {
    const { person, vault } = await served();
    const typed = { deployment: 'government', fresh: 'yes', orgId: '<b>"typed"</b>', ...form };
    const { text } = await (await person()).post('/sign-in').type('form').send(typed).expect(422);
    expect(text).toContain(message);
    expect(text).toMatch(/<title>Error: /);
    expect(text).toMatch(/role="alert" tabindex="-1" autofocus/);
    expect(text).toContain(`href="#${field}"`);
    expect(text).toMatch(
      new RegExp(`id="${field}"[^>]* aria-describedby="${field}-hint ${field}-error"[^>]* aria-invalid`),
    );
    expect(text).toMatch(/value="government" checked/);
    expect(text).toMatch(/name="fresh" value="yes" checked/);
    expect(text).toContain(
      `value="${typed.orgId.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;')}"`,
    );
    expect(await vault.db.selectFrom('sign_in').selectAll().execute()).toEqual([]);
  });

  it('lead from the name of an existing profile to its renewal', async () => {
    const { person, vault } = await served();
    await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    const { text } = await (await person()).post('/sign-in').type('form').send({ name: 'Acme' }).expect(422);
    expect(text).toContain('An organization named “acme” already exists.');
    expect(text).toContain('<a href="/profiles/acme">');
  });

  it('allow only the sign-in with a link for a private window', async () => {
    const { person, visitor, vault } = await served();
    const browser = await person();
    const form = { name: 'acme', where: 'private' };
    const { text } = await browser.post('/sign-in').type('form').send(form).expect(200);
    const link = /http:\/\/localhost:3000(\/sign-in\/[\w-]{43})/.exec(text)?.[1] ?? '';
    const progress = /data-progress="([^"]+)"/.exec(text)?.[1] ?? '';
    expect((await browser.get(progress).expect(200)).body).toEqual({ next: null });
    const waiting = await browser.get(progress.replace('/progress', '')).expect(200);
    expect(waiting.text).toMatch(/<noscript><meta http-equiv="refresh" content="3; url=\/sign-ins\//);

    const window = visitor();
    const response = await window.get(link).expect(303);
    expect(response.headers.location).toMatch(
      /^https:\/\/idbroker\.webex\.com\/idb\/oauth2\/v1\/authorize\?/,
    );
    expect(response.headers['referrer-policy']).toBe('no-referrer');
    for (const path of ['/', '/sign-in', '/import', progress]) await window.get(path).expect(403);

    const state = new URL(String(response.headers.location)).searchParams.get('state');
    const body = { fragment: fragment({ access_token: usualToken(), state }) };
    const captured = await window
      .post('/auth/code')
      .set('Origin', 'http://localhost:3000')
      .send(body)
      .expect(200);
    const page = await window.get(captured.body.next).expect(200);
    expect(page.text).toContain('You can close this window');
    expect(page.text).not.toMatch(/<form|href="\/"/);
    await window
      .post(`${captured.body.next}/accept`)
      .set('Origin', 'http://localhost:3000')
      .type('form')
      .expect(403);

    const { next } = (await browser.get(progress).expect(200)).body;
    await browser.get(next).expect(303).expect('Location', captured.body.next);
    expect((await browser.get(captured.body.next).expect(200)).text).not.toContain(
      'You can close this window',
    );
    await vault.db.selectFrom('token').selectAll().executeTakeFirstOrThrow();
  });

  it('accept a sign-in link once', async () => {
    const { person, visitor } = await served();
    const { text } = await (await person())
      .post('/sign-in')
      .type('form')
      .send({ name: 'acme', where: 'private' });
    const link = /(\/sign-in\/[\w-]{43})/.exec(text)?.[1] ?? '';
    await visitor().head(link).expect(403);
    await visitor().get(link).set('Sec-Purpose', 'prefetch').expect(403);
    for (const path of [link, `${link}/begin`]) {
      await visitor()
        .get(path)
        .set({ ...withinWindow, 'Sec-Purpose': 'prefetch' })
        .expect(403);
    }
    await visitor().get(link).expect(303);
    const spent = await visitor().get(link).expect(410);
    expect(spent.text).toContain('webex-token login');
  });

  it.each([
    ['a person opens it', { ...withinWindow, 'Sec-Fetch-Site': 'none' }],
    ['a terminal opens it', { ...withinWindow, 'Sec-Fetch-Site': 'cross-site' }],
    // The request of a service worker that fetches the page itself.
    [
      'a worker asks for it',
      { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
    ],
  ])('stop a browser before a sign-in starts: %s', async (_what, headers) => {
    const { person, visitor, vault } = await served();
    const { text } = await (await person())
      .post('/sign-in')
      .type('form')
      .send({ name: 'acme', where: 'private' });
    const link = /(\/sign-in\/[\w-]{43})/.exec(text)?.[1] ?? '';
    for (let times = 1; times <= 2; times += 1) {
      const page = await visitor().get(link).set(headers).expect(200);
      expect(page.text).toContain('idbroker.webex.com');
      expect(page.text).not.toContain('state=');
      expect(page.headers).not.toHaveProperty('set-cookie');
      expect(page.headers['referrer-policy']).toBe('no-referrer');
    }
    const row = await vault.db.selectFrom('sign_in').select(['state_hash']).executeTakeFirstOrThrow();
    expect(row.state_hash).toBeNull();
    // Only a page of the web app, or the person, can continue from there.
    await visitor()
      .get(`${link}/begin`)
      .set({ ...withinWindow, 'Sec-Fetch-Site': 'same-site' })
      .expect(403);
    await visitor().get(`${link}/begin`).set(withinWindow).expect(303);
    await visitor().get(link).set(headers).expect(410);
  });

  it('show why the sign-in ended without a token', async () => {
    const { person, visitor, vault } = await served();
    const browser = await person();
    const ask = async () => {
      const { text } = await browser.post('/sign-in').type('form').send({ name: 'acme', where: 'private' });
      const [, link = '', id = ''] =
        /(\/sign-in\/[\w-]{43})[\s\S]*data-progress="\/sign-ins\/([^/]+)/.exec(text) ?? [];
      return { link, id };
    };
    const declined = await ask();
    const window = visitor().set('Origin', 'http://localhost:3000');
    const response = await window.get(declined.link);
    const state = new URL(String(response.headers.location)).searchParams.get('state');
    await window
      .post('/auth/code')
      .send({ fragment: `?error=access_denied&state=${state}` })
      .expect(400);
    expect((await browser.get(`/sign-ins/${declined.id}/progress`)).body.next).toBe(
      `/sign-ins/${declined.id}`,
    );
    expect((await browser.get(`/sign-ins/${declined.id}`).expect(200)).text).toContain(
      'The sign-in was declined',
    );

    const late = await ask();
    vault.setNow(today + signInLifetimeMs);
    expect((await browser.get(`/sign-ins/${late.id}`).expect(200)).text).toContain('The sign-in timed out');
    await browser.get('/sign-ins/unknown').expect(404);
  });

  it('start over as a renewal of the organization after a renewal was declined', async () => {
    const { person, vault } = await served();
    await importToken(vault, { profile: 'acme' }, justCaptured('fake-token-of-acme'), actor);
    const browser = await person();
    const begin = async (where: string) =>
      await browser.post('/profiles/acme/sign-in').type('form').send({ where });
    const link = await begin('here');
    const started = await browser.get(String(link.headers.location)).expect(303);
    const state = new URL(String(started.headers.location)).searchParams.get('state');
    const declined = await browser
      .post('/auth/code')
      .send({ fragment: `?error=access_denied&state=${state}` })
      .expect(400);
    expect(JSON.parse(declined.text)).toMatchObject({ renew: '/profiles/acme/sign-in' });
    expect(JSON.parse(declined.text)).not.toHaveProperty('startOver');

    const { text } = await begin('private');
    const [, id = ''] = /data-progress="\/sign-ins\/([^/]+)/.exec(text) ?? [];
    vault.setNow(today + signInLifetimeMs);
    const ended = (await browser.get(`/sign-ins/${id}`).expect(200)).text;
    expect(ended).toMatch(
      /<form method="post" action="\/profiles\/acme\/sign-in"[^>]*>\s*<button[^>]*>Start over/,
    );
    expect(ended).not.toContain('href="/sign-in">Start over');
  });

  it('ask for the same organization in a renewal, and show the account', async () => {
    const { person, vault } = await served();
    await importToken(
      vault,
      { profile: 'acme', deployment: 'government' },
      usualToken({ cluster: 'ZZ99' }),
      actor,
    );
    const browser = await person();
    const url = await onwards(browser, await browser.post('/profiles/acme/sign-in').type('form').send({}));
    expect(url.host).toBe('idbroker-f.webex.com');
    const state = url.searchParams.get('state');
    await expect(
      captureRedirect(vault, fragment({ access_token: usualToken(), state }), 'another browser', actor),
    ).rejects.toThrow(/another browser/);
    await (await person()).post('/profiles/nobody/sign-in').type('form').send({}).expect(404);
  });

  it('can be canceled from the page for a private window, which belongs to the organization', async () => {
    const { person, vault } = await served();
    const browser = await person();
    const form = { name: 'acme', where: 'private' };
    const added = (await browser.post('/sign-in').type('form').send(form).expect(200)).text;
    expect(added).toMatch(/href="\/sign-in" aria-current="page"/);
    expect(added).toContain('href="/">Cancel');
    await importToken(vault, { profile: 'acme' }, usualToken({ cluster: 'ZZ99' }), actor);
    const path = '/profiles/acme/sign-in';
    const renewed = (await browser.post(path).type('form').send({ where: 'private' }).expect(200)).text;
    expect(renewed).not.toMatch(/href="\/sign-in" aria-current/);
    expect(renewed).toContain('href="/profiles/acme">Cancel');
  });
});
