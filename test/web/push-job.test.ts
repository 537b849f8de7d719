import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { auditLog, today } from '../support/vault/test-vault.ts';
import { type ServedWithProviders, servedWithProviders } from '../support/web/with-providers.ts';

/** Presses the button, waits for the end of the job, and returns the page with the result. */
async function through(web: ServedWithProviders, person: TestAgent, path: string, form: object = {}) {
  const { headers } = await person.post(path).type('form').send(form).expect(303);
  expect(headers.location).toMatch(/^\/push-jobs\/[\w-]{43}$/);
  await web.idle();
  return (await person.get(String(headers.location)).expect(200)).text;
}

describe('the pages of a push', () => {
  it('send the token to Entra ID step by step, store the destination, and show its status', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    const page = await through(web, person, '/profiles/acme/entra/push', { start: 'yes' });
    expect(page).toContain('Token sent');
    expect(page).toContain('Entra ID tested the new token');
    expect(page).toContain('Setup review');
    expect(web.simulator.entra.app.secrets.get('SecretToken')).toBe(token);
    expect(page).not.toContain(token);
    const profile = (await person.get('/profiles/acme')).text;
    expect(profile).toContain('Has the current token since');
    expect(profile).toContain('Sent to Entra ID');

    const looked = await through(web, person, '/profiles/acme/entra/status');
    expect(looked).toContain('Provisioning status');
    expect(await auditLog(web.vault)).toContain('push ok acme');
  });

  it('show the step that failed and which token the provider has', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    web.simulator.revoke('full-admin');
    const page = await through(web, await web.person(), '/profiles/acme/entra/push');
    expect(page).toContain('The token was not sent');
    expect(page).toContain('Entra ID still has its previous settings');
    // The reason is next to what to do about it, and not in the list of steps once more.
    const [, reason = ''] =
      /role="alert">[\s\S]*?<strong>(.*?) (?:Nothing was|A provisioning job)/.exec(page) ?? [];
    expect(reason).not.toBe('');
    expect(page.split(reason)).toHaveLength(2);
    expect(page).not.toContain('Failed: ');
    expect(web.simulator.entra.app.secrets.has('SecretToken')).toBe(false);
  });

  it('update all destinations with one button after a renewal', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    const person = await web.person();
    await through(web, person, '/profiles/acme/entra/push');
    expect((await person.get('/profiles/acme')).text).not.toContain('Destinations to update');
    const renewed = await web.storeToken();
    expect((await person.get('/profiles/acme')).text).toContain('Destinations to update');
    const [{ id }] = (await web.vault.db
      .selectFrom('token')
      .select('id')
      .where('state', '=', 'current')
      .execute()) as [{ id: string }];
    expect((await person.get(`/tokens/${id}`)).text).toContain('Update Entra ID');
    await through(web, person, '/profiles/acme/push-jobs');
    expect(web.simulator.entra.app.secrets.get('SecretToken')).toBe(renewed);
    await person.post('/profiles/acme/push-jobs').type('form').expect(409);
  });

  it('ask which application to use if there are several', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const other = web.simulator.entra.directory.addApp();
    const person = await web.person();
    const page = await through(web, person, '/profiles/acme/entra/push');
    expect(page).toContain('<h1>Choose an application</h1>');
    expect(page).not.toContain('The token was not sent');
    expect(page).toContain(`value="${other.id}"`);
    await through(web, person, '/profiles/acme/entra/push', { app: other.id });
    expect(other.secrets.get('SecretToken')).toBe(token);
    expect(web.simulator.entra.app.secrets.size).toBe(0);
  });

  it('show the values to paste if Okta cannot be automated, and store a manual update', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    const page = await through(web, person, '/profiles/acme/okta/push');
    expect(page).toContain('Okta does not allow this to be automated');
    expect(
      page.match(/does not support the provisioning connection|does not support provisioning/g),
    ).toHaveLength(1);
    expect((await person.get('/audit-log?action=push').expect(200)).text).not.toMatch(
      /<td class="is-rejected"/,
    );
    const guide = (await person.get('/profiles/acme/okta').expect(200)).text;
    expect(guide).toContain('Test API Credentials');
    expect(guide).toContain('ac3e0001-5eed-4000-8000-000000000001');
    expect(guide).not.toContain(token);
    await person.post('/profiles/acme/okta/updated').type('form').expect(303);
    const [place] = await listDestinations(web.vault, 'acme');
    expect(place).toMatchObject({ provider: 'okta', method: 'manual', upToDate: true });
    await person.post('/profiles/acme/okta/remove').type('form').send({ app: place?.app }).expect(303);
    expect(await listDestinations(web.vault, 'acme')).toEqual([]);
  });

  it('show no success without the warning that the application is deactivated', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    Object.assign(web.simulator.okta.app, { served: true, status: 'INACTIVE' });
    const page = await through(web, await web.person(), '/profiles/acme/okta/push');
    expect(web.simulator.okta.app.token).toBe(token);
    expect(page).toContain('is deactivated, so Okta does not provision anyone with it');
    expect(page).toContain('may not work yet');
    expect(page).toContain('class="hero is-expiring"');
    expect(page).not.toContain('is provisioned with its current token');
  });

  it('show only the steps of the guide that the selected options need', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    const person = await web.person();
    const guide = async (query: string) =>
      (await person.get(`/profiles/acme/entra?${query}`).expect(200)).text;
    expect(await guide('')).toContain('Add Cisco Webex');
    expect(await guide('task=replace')).not.toContain('Add Cisco Webex');
    expect(await guide('task=replace')).toContain('Replace the token');
    expect(await guide('app=there')).not.toContain('g-add-app');
    expect(await guide('task=rubbish&app[]=x')).toContain('Add Cisco Webex');
  });

  it('reject an invalid application ID, an unknown push job and a browser without a session', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    const person = await web.person();
    const wrong = await person
      .post('/profiles/acme/entra/push')
      .type('form')
      .send({ app: '<x>' })
      .expect(422);
    expect(wrong.text).toContain('This is not the ID of an enterprise application.');
    expect(wrong.text).toContain('value="&lt;x&gt;"');
    await person.get(`/push-jobs/${'A'.repeat(43)}`).expect(404);
    await person.get('/profiles/nobody/entra').expect(404);
    for (const path of ['/profiles/acme/entra', '/profiles/acme/okta', `/push-jobs/${'A'.repeat(43)}`]) {
      await web.visitor().get(path).expect(403);
    }
    const stranger = web.visitor().post('/profiles/acme/entra/push').set('Origin', 'http://localhost:3000');
    await stranger.type('form').expect(403);
    await person
      .post('/profiles/acme/entra/push')
      .set('Origin', 'http://evil.example')
      .type('form')
      .expect(403);
    expect(web.simulator.entra.requests).toEqual([]);
  });

  it('let a person sign in with a code, or cancel', async () => {
    const web = await servedWithProviders();
    const { entra } = web.vault.settings;
    Object.assign(entra, { clientId: null, clientSecret: null });
    web.simulator.entra.settings.deviceApproval = 'page';
    await web.storeToken();
    const person = await web.person();
    const { headers } = await person.post('/profiles/acme/entra/push').type('form').expect(303);
    const path = String(headers.location);
    await expect.poll(async () => (await person.get(`${path}/progress`)).body.stage).toBe('under-way-code');
    const page = (await person.get(path).expect(200)).text;
    expect(page).toMatch(/class="code">[0-9A-F]{9}</i);
    expect(page).toContain('/devicelogin');
    // Pressing the button again starts no second job.
    const again = await person.post('/profiles/acme/entra/push').type('form').expect(303);
    expect(again.headers.location).toBe(path);
    await person.post(`${path}/stop`).type('form').expect(303);
    // Not as a failure.
    const result = async () => (await person.get(path)).text;
    await expect.poll(result).toContain('<h1>Canceled</h1>');
    const canceled = await result();
    expect(canceled).toContain('Canceled. Nothing was changed');
    expect(canceled).not.toMatch(/Failed:|is-rejected|role="alert"/);
    // The audit log does not show it as a failure either.
    const log = (await person.get('/audit-log?action=push').expect(200)).text;
    expect(log).toMatch(/<td class="is-note"/);
    expect(log).not.toMatch(/<td class="is-rejected"/);
    await web.idle();
    expect(web.simulator.entra.app.secrets.size).toBe(0);
  });

  it('show a quarantine with its reason and the days left', async () => {
    const web = await servedWithProviders();
    await web.storeToken();
    const person = await web.person();
    await through(web, person, '/profiles/acme/entra/push', { start: 'yes' });
    const [job] = web.simulator.entra.app.jobs;
    if (job === undefined) throw new Error('no job');
    job.code = 'Quarantine';
    const since = today - 5 * dayMs;
    job.quarantine = { reason: 'EncounteredQuarantineException', since, message: 'Unauthorized' };
    await through(web, person, '/profiles/acme/entra/status');
    const { text } = await person.get('/profiles/acme').expect(200);
    expect(text).toContain('In quarantine: Entra ID disables provisioning in 23 days.');
    expect(text).toContain('Webex did not accept the credentials');
  });

  it('replace an application of another organization only after a second confirmation', async () => {
    const web = await servedWithProviders();
    const acmeToken = await web.storeToken();
    const globexToken = await web.storeToken('globex', 'other-organization');
    const person = await web.person();
    const { app } = web.simulator.entra;
    await through(web, person, '/profiles/acme/entra/push');
    const page = await through(web, person, '/profiles/globex/entra/push');
    expect(page).toContain('Replace the organization of Cisco Webex');
    expect(page).toContain(`name="app" value="${app.id}"`);
    expect(app.secrets.get('SecretToken')).toBe(acmeToken);
    // A forged form without the ID of the application replaces nothing.
    await through(web, person, '/profiles/globex/entra/push', { 'replace-organization': 'yes' });
    expect(app.secrets.get('SecretToken')).toBe(acmeToken);

    await through(web, person, '/profiles/globex/entra/push', { app: app.id, 'replace-organization': 'yes' });
    expect(app.secrets.get('SecretToken')).toBe(globexToken);
    expect(await listDestinations(web.vault, 'acme')).toMatchObject([{ upToDate: false }]);
  });
});
