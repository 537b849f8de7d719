import { describe, expect, it } from 'vitest';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { forFile } from '../support/for-file.ts';
import { host, origin, served } from '../support/web/web-client.ts';

/** Of all tests that change nothing. */
const shared = forFile(() => served());

describe('the host and the origin', () => {
  it.each([
    'evil.example',
    'localhost',
    'localhost:3001',
    'localhost:3000.',
    'localhost.:3000',
    'localhost.evil.example:3000',
    'LOCALHOST:3000',
    '0.0.0.0:3000',
    '[::]:3000',
    '127.0.0.1',
    '127.0.0.2:3000',
    'user@localhost:3000',
    'localhost:3000 ',
    '',
  ])('a request with the host "%s" gets no data', async (given) => {
    const person = await shared().person();
    for (const path of ['/', '/healthz', '/auth/code', '/access/x', '/assets/style.css']) {
      const response = await person.get(path).set('Host', given);
      // Node itself rejects a request without a host, and trims the value. Host names are case-insensitive.
      if (given.trim().toLowerCase() === host) expect(response.status).toBeLessThan(400);
      else {
        expect([400, 421]).toContain(response.status);
        expect(response.text).not.toContain('acme');
      }
    }
  });

  it.each(['127.0.0.1:3000', '[::1]:3000'])('pages at %s link to localhost', async (given) => {
    const person = await shared().person();
    const page = await person.get('/profiles/acme?secret=1').set('Host', given).expect(421);
    expect(page.text).toContain(`href="${origin}/profiles/acme"`);
    expect(page.text).not.toContain('secret');
    await person.get('/healthz').set('Host', given).expect(200, { status: 'ok' });
  });

  it('the page for a foreign host does not repeat the path', async () => {
    const { text } = await shared().visitor().get('/access/fake-secret').set('Host', 'evil.example');
    expect(text).not.toContain('fake-secret');
  });

  const foreignOrigins = [
    'http://localhost:4000',
    'http://localhost',
    'https://localhost:3000',
    'http://127.0.0.1:3000',
    'http://evil.example',
    'http://localhost:3000.evil.example',
    'http://LOCALHOST:3000',
    'null',
    '',
  ];

  it.each(foreignOrigins)('a change from the origin "%s" is rejected', async (given) => {
    const app = shared();
    const person = await app.person();
    await person.post('/sign-in').set('Origin', given).type('form').send({ name: 'acme' }).expect(403);
    await person.post('/auth/code').set('Origin', given).send({ fragment: '#state=x' }).expect(403);
    expect(await app.vault.db.selectFrom('sign_in').selectAll().execute()).toEqual([]);
  });

  it('a change without an origin is rejected', async () => {
    const { visitor, vault } = shared();
    const person = visitor();
    await person.get(`/access/${await createAccessLink(vault)}`).expect(303);
    await person.get('/sign-in').expect(200);
    await person.post('/sign-in').type('form').send({ name: 'acme' }).expect(403);
  });

  it.each([
    ['same-origin', 303],
    ['none', 303],
    ['same-site', 403],
    ['cross-site', 403],
  ])('a form from %s gets status %i', async (site, status) => {
    const person = await (await served()).person();
    await person
      .post('/sign-in')
      .set('Sec-Fetch-Site', site)
      .type('form')
      .send({ name: 'acme' })
      .expect(status);
  });

  const navigation = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };

  it.each(['same-site', 'cross-site'])('a %s link does not open a page directly', async (site) => {
    const person = await shared().person();
    const response = await person
      .get('/import?profile=x')
      .set({ 'Sec-Fetch-Site': site, ...navigation })
      .expect(403);
    expect(response.text).toContain('You came here from another site');
    expect(response.text).toContain('href="/import"');
  });

  it('the redirect of Webex and one-time links open directly from other sites', async () => {
    const visitor = shared()
      .visitor()
      .set({ 'Sec-Fetch-Site': 'cross-site', ...navigation });
    await visitor.get('/auth/code').expect(200);
    await visitor.get('/access/unknown').expect(410);
    await visitor.get('/sign-in/unknown').expect(410);
  });

  it.each([
    { 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script' },
    { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
    { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
  ])('another port cannot load anything into its own page: %o', async (how) => {
    const visitor = shared()
      .visitor()
      .set({ 'Sec-Fetch-Site': 'same-site', ...how });
    for (const path of ['/auth/code', '/assets/style.css', '/healthz', '/']) {
      const { text } = await visitor.get(path).expect(403);
      expect(text).toContain('does not come from a page of this app');
    }
  });
});
