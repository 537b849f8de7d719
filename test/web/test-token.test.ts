import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { minuteText } from '../../src/web/view-models/dates.ts';
import { auditLog, today } from '../support/vault/test-vault.ts';
import { servedWithProviders } from '../support/web/with-providers.ts';

const headings = [
  'Token accepted by Webex',
  'Right organization',
  'Full administrator',
  'Entra ID Test Connection',
  'Okta Test API Credentials',
];

describe('the page that tests a token', () => {
  it('shows a result for each check', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    const person = await web.person();
    await person
      .post('/profiles/acme/test')
      .type('form')
      .expect(303)
      .expect('Location', '/profiles/acme/test');
    const { text } = await person.get('/profiles/acme/test').expect(200);
    expect(text).toContain('All checks passed');
    for (const heading of headings) expect(text).toContain(`${heading} <span class="tone">Passed</span>`);
    expect(await auditLog(web.vault)).toContain('test ok acme');
    expect((await person.get('/profiles/acme')).text).toMatch(/<strong>Tested<\/strong>/);
  });

  it('says why a check failed, and what to do', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    web.simulator.revoke('full-admin');
    const person = await web.person();
    await person.post('/profiles/acme/test').type('form').expect(303);
    const { text } = await person.get('/profiles/acme/test').expect(200);
    expect(text).toContain('Some checks failed');
    expect(text).toContain('Token accepted by Webex <span class="tone">Failed</span>');
    expect(text).toContain('Full administrator <span class="tone">Unknown</span>');
    expect(text).toContain('Sign in again');
    expect((await person.get('/profiles/acme')).text).toContain('Rejected by Webex');
  });

  it('shows when a token expired in the time zone of the person', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    web.vault.setNow(today + 400 * dayMs);
    const person = await web.person();
    await person.post('/profiles/acme/test').type('form').expect(303);
    const tested = (await person.get('/profiles/acme/test').expect(200)).text;
    const revealed = (await person.post('/profiles/acme/token').type('form').expect(409)).text;
    for (const text of [tested, revealed]) {
      expect(text).toContain(`expired on ${minuteText(new Date(today + 365 * dayMs).toISOString())}`);
      expect(text).not.toMatch(/expired on \d{4}-/);
    }
  });

  it('reports a profile without a token, and sends no request', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    await web.vault.db.deleteFrom('token').execute();
    const person = await web.person();
    expect((await person.get('/profiles/acme/test').expect(200)).text).toContain('Nothing is changed.');
    web.simulator.requests.length = 0;
    await person.post('/profiles/acme/test').type('form').expect(303);
    expect((await person.get('/profiles/acme/test').expect(404)).text).toContain('No token yet');
    expect(web.simulator.requests).toEqual([]);
  });
});
