import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { startApiServer } from '../../src/server/api-server.ts';
import { listClients } from '../../src/store/access/clients.ts';
import { quietLog } from '../support/quiet-log.ts';
import { type ServedWithProviders, servedWithProviders } from '../support/web/with-providers.ts';

/** The web app with a token in "acme", next to the API and the relay. */
async function servedWithRelay(): Promise<{ web: ServedWithProviders; person: TestAgent; issuer: string }> {
  const web = await servedWithProviders();
  await web.storeToken();
  const listen = { host: '127.0.0.1', port: 0, tls: null, trustedProxies: [] };
  const server = await startApiServer(web.vault, quietLog(), listen);
  onTestFinished(() => server.close());
  return { web, person: await web.person(), issuer: server.issuer };
}

async function through(
  { web, person }: { web: ServedWithProviders; person: TestAgent },
  path: string,
  form: object,
) {
  const { headers } = await person.post(path).type('form').send(form).expect(303);
  await web.idle();
  return (await person.get(String(headers.location)).expect(200)).text;
}

describe('the page of a provider', () => {
  it('offers the ways, those without pasting first, and says what they require', async () => {
    const { person, issuer } = await servedWithRelay();
    const page = (await person.get('/profiles/acme/entra').expect(200)).text;
    const order = ['Through this server (relay)', 'With client credentials', 'With the token itself'];
    const places = order.map((title) => page.indexOf(title));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(page).toContain('with a certificate from a public CA');
    expect(page).toContain('provisioning agent');
    expect(page).toContain(
      'While the server is down, provisioning pauses, and it catches up in the next cycle.',
    );
    expect(page).toContain(`${issuer} is a loopback address`);
    expect((await person.get('/profiles/acme/okta').expect(200)).text).not.toContain(
      'With client credentials',
    );
  });

  it('switches to the relay and back with one button each, and gives a new secret', async () => {
    const served = await servedWithRelay();
    const { web, person, issuer } = served;
    const { app } = web.simulator.entra;
    await through(served, '/profiles/acme/entra/push', { via: 'token' });
    expect((await person.get('/profiles/acme/entra')).text).toContain('Switch to the relay');
    expect((await person.get('/profiles/acme')).text).toContain('Switch to the relay');
    const connected = await through(served, '/profiles/acme/entra/push', { via: 'relay', app: app.id });
    expect(connected).toContain('Entra ID is connected');
    expect(connected).toContain('After a renewal, there is nothing to do in Entra ID.');
    expect(app.secrets.get('BaseAddress')).toBe(`${issuer}/scim/acme`);
    const secret = app.secrets.get('SecretToken') ?? '';
    expect(connected).not.toContain(secret);

    await web.storeToken();
    const profile = (await person.get('/profiles/acme')).text;
    expect(profile).toContain('Always current');
    expect(profile).not.toContain('Destinations to update');
    const [token] = await web.vault.db
      .selectFrom('token')
      .select('id')
      .where('state', '=', 'current')
      .execute();
    expect((await person.get(`/tokens/${token?.id}`)).text).toContain('picks up the new token automatically');

    const provider = (await person.get('/profiles/acme/entra')).text;
    expect(provider).toContain('Create a new secret');
    expect(provider).toContain('Switch back to the token');
    await through(served, '/profiles/acme/entra/push', { via: 'relay', app: app.id });
    expect(app.secrets.get('SecretToken')).not.toBe(secret);
    await through(served, '/profiles/acme/entra/push', { via: 'token', app: app.id });
    expect(await listDestinations(web.vault, 'acme')).toMatchObject([{ via: 'token', upToDate: true }]);
    expect(await listClients(web.vault.db)).toEqual([]);
  });

  it('shows the values and the secret once if a person has to enter them', async () => {
    const served = await servedWithRelay();
    const { web, person, issuer } = served;
    web.simulator.entra.settings.connectivityParameters = 'missing';
    const failed = await through(served, '/profiles/acme/entra/push', { via: 'oauth' });
    expect(failed).toContain('Entra ID needs a manual step');
    expect(failed).toContain('The settings there are unchanged.');
    expect(failed).toContain('action="/profiles/acme/entra/offer"');
    expect(await listClients(web.vault.db)).toEqual([]);
    const form = { via: 'oauth', app: web.simulator.entra.app.id };
    const { text, headers } = await person
      .post('/profiles/acme/entra/offer')
      .type('form')
      .send(form)
      .expect(200);
    expect(headers['cache-control']).toContain('no-store');
    expect(text).toContain(`${issuer}/oauth/token`);
    expect(text).toContain('acme-entra-oauth');
    const [, secret = ''] = /data-secret>([\w-]{43})</.exec(text) ?? [];
    expect(secret).not.toBe('');
    const response = await fetch(`${issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`acme-entra-oauth:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(response.status).toBe(200);
    const profile = (await person.get('/profiles/acme')).text;
    expect(profile).toContain('Always current');
    expect(profile).not.toContain(secret);
  });
});
