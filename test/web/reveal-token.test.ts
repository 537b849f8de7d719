import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { auditLog, today } from '../support/vault/test-vault.ts';
import { host } from '../support/web/web-client.ts';
import { servedWithProviders } from '../support/web/with-providers.ts';

describe('the page that shows a token', () => {
  it('shows the token only after a button was pressed, and writes the audit log first', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    for (const path of [
      '/',
      '/profiles/acme',
      '/profiles/acme/entra',
      '/profiles/acme/okta',
      '/profiles/acme/test',
    ]) {
      expect((await person.get(path).expect(200)).text).not.toContain(token);
    }
    expect(await auditLog(web.vault)).not.toContain('read ok acme');
    const shown = await person.post('/profiles/acme/token').type('form').expect(200);
    expect(shown.text).toContain(`data-secret>${token}</code>`);
    expect(shown.headers['cache-control']).toBe('no-store');
    expect(await auditLog(web.vault)).toContain('read ok acme');
    expect(web.logged()).not.toContain(token);
  });

  it('returns the token as JSON to the copy button, and nothing to a GET request', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    const ask = () => person.post('/profiles/acme/token').type('form').set('Accept', 'application/json');
    expect((await ask().expect(200)).body).toEqual({ access_token: token });
    await person.get('/profiles/acme/token').expect(405).expect('Allow', 'POST');
  });

  it('returns no token without a session, to another origin or for another name', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    const post = () => person.post('/profiles/acme/token').type('form');
    for (const request of [
      web.visitor().post('/profiles/acme/token').type('form').set('Origin', `http://${host}`),
      post().set('Origin', 'http://localhost:4000'),
      post().set('Sec-Fetch-Site', 'same-site'),
      post().set('Host', 'attacker.example'),
    ]) {
      const { status, text } = await request;
      expect([403, 421]).toContain(status);
      expect(text).not.toContain(token);
    }
    expect(await auditLog(web.vault)).not.toContain('read ok acme');
  });

  it('shows an error page with a remedy if the token is expired or missing', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    web.vault.setNow(today + 400 * dayMs);
    const person = await web.person();
    const { text } = await person.post('/profiles/acme/token').type('form').expect(409);
    expect(text).toContain('Token expired');
    expect((await person.get('/profiles/acme')).text).not.toContain('action="/profiles/acme/token"');
    await person.post('/profiles/nobody/token').type('form').expect(404);
  });
});
