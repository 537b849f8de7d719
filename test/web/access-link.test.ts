import { describe, expect, it } from 'vitest';
import { accessLinkLifetimeMs, createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { forFile } from '../support/for-file.ts';
import { filesHolding, newVault, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';

const pages = [
  '/',
  '/sign-in',
  '/import',
  '/profiles/acme',
  '/tokens/x',
  '/sign-ins/x',
  '/nothing',
  '/tokens/last',
];

/** Of all tests that change nothing. */
const shared = forFile(() => served());

describe('access links and sessions', () => {
  it.each(pages)(
    'a page such as %s shows the same error to every browser without a session',
    async (path) => {
      const { visitor } = shared();
      const { text } = await visitor().get(path).expect(403);
      expect(text).toContain('Only a one-time link from your terminal opens this app.');
      expect(text).toContain('webex-token open');
      expect(text).toBe((await visitor().get('/').expect(403)).text);
    },
  );

  it('a browser without an access link gets no session and changes nothing', async () => {
    const { visitor, vault } = await served();
    const response = await visitor().get('/').expect(403);
    expect(response.headers).not.toHaveProperty('set-cookie');
    const post = visitor().post('/import').set('Origin', 'http://localhost:3000').type('form');
    await post.send({ name: 'acme', text: 'fake-token-for-acme' }).expect(403);
    expect(await vault.db.selectFrom('profile').selectAll().execute()).toEqual([]);
    expect(await vault.db.selectFrom('web_session').selectAll().execute()).toEqual([]);
  });

  it('a form that was filled in before the session ended can be sent again', async () => {
    const { visitor, vault } = await served();
    const browser = visitor().set('Origin', 'http://localhost:3000');
    const send = () => browser.post('/clients').type('form').send({ name: 'entra', profiles: '' });
    const { text } = await send().expect(403);
    expect(text).toContain('This browser’s session has ended. Nothing was saved.');
    expect(text).toContain('Keep this page open');
    expect(text).toContain('webex-token open --no-open');
    expect(text).toContain('Then reload this page');
    await browser.get(`/access/${await createAccessLink(vault)}`).expect(303);
    expect((await send().expect(422)).text).toContain('Error: API clients');
  });

  it('an access link works once', async () => {
    const { visitor, vault } = await served();
    const link = `/access/${await createAccessLink(vault)}`;
    const person = visitor();
    const response = await person.get(link).expect(303).expect('Location', '/');
    expect(response.headers['set-cookie']?.[0]).toMatch(
      /^broker-3000=[^;]+; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    await person.get('/').expect(200);

    const other = await visitor().get(link).expect(410);
    expect(other.text).toContain('webex-token open');
    // The browser that used the link can open it again.
    await person.get(link).expect(303);
  });

  it('an access link expires after ten minutes', async () => {
    const { visitor, vault } = await served();
    const link = `/access/${await createAccessLink(vault)}`;
    vault.setNow(today + accessLinkLifetimeMs);
    await visitor().get(link).expect(410);
  });

  it('an access link and a session that were opened while the clock was a year ahead end when it is corrected', async () => {
    const { person, visitor, vault } = await served();
    vault.setNow(today + 365 * 86_400_000);
    const browser = await person();
    await browser.get('/').expect(200);
    const link = `/access/${await createAccessLink(vault)}`;
    vault.setNow(today);
    await browser.get('/').expect(403);
    await visitor().get(link).expect(410);
    vault.setNow(today + 364 * 86_400_000);
    await browser.get('/').expect(200);
    await visitor().get(link).expect(303);
  });

  it('prefetching does not use up an access link', async () => {
    const { visitor, vault } = await served();
    const link = `/access/${await createAccessLink(vault)}`;
    await visitor().head(link).expect(403);
    await visitor().get(link).set('Sec-Purpose', 'prefetch;prerender').expect(403);
    await visitor().get(link).set('Purpose', 'prefetch').expect(403);
    await visitor().get(link).expect(303);
  });

  it.each([
    ['/profiles/acme?x=1', '/profiles/acme?x=1'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['https://evil.example/', '/'],
    ['profiles', '/'],
    ['/a\nb', '/'],
  ])('an access link with ?next=%s leads to %s', async (next, location) => {
    const { visitor, vault } = shared();
    const link = `/access/${await createAccessLink(vault)}?next=${encodeURIComponent(next)}`;
    await visitor().get(link).expect(303).expect('Location', location);
  });

  it('an access link gives the browser a new session and ends the previous one', async () => {
    const { visitor, vault } = await served();
    const person = visitor();
    const first = await person.get(`/access/${await createAccessLink(vault)}`);
    const second = await person.get(`/access/${await createAccessLink(vault)}`);
    const [before, after] = [first, second].map(({ headers }) => headers['set-cookie']?.[0]?.split(';')[0]);
    expect(after).not.toBe(before);
    await visitor().get('/').set('Cookie', String(before)).expect(403);
    await visitor().get('/').set('Cookie', String(after)).expect(200);
  });

  it('a session expires after twelve hours', async () => {
    const { person, vault } = await served();
    const browser = await person();
    vault.setNow(today + 12 * 3_600_000 - 1);
    await browser.get('/').expect(200);
    vault.setNow(today + 12 * 3_600_000);
    await browser.get('/').expect(403);
  });

  it('a session survives a restart, and its ID is not in the database', async () => {
    const first = await served();
    const { settings } = first.vault;
    const response = await first.visitor().get(`/access/${await createAccessLink(first.vault)}`);
    const cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const id = /=s%3A([\w-]{43})\./.exec(cookie)?.[1] ?? 'no ID';
    expect(filesHolding(settings.home, id)).toEqual([]);

    const second = await served(undefined, { vault: await newVault(undefined, { settings }) });
    await second.visitor().get('/').set('Cookie', cookie).expect(200);
  });

  it('a forged session cookie is rejected', async () => {
    const { visitor } = shared();
    await visitor().get('/').set('Cookie', 'broker-3000=s%3Aguessed.signature').expect(403);
    await visitor().get('/').set('Cookie', 'broker-3000=guessed; broker-3000=j%3A%7B%7D').expect(403);
  });
});
