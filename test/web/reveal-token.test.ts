import { expect, test } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { auditLog, today } from '../support/vault/test-vault.ts';
import { host } from '../support/web/web-client.ts';
import { servedWithTools } from '../support/web/with-providers.ts';

test('the token is on no page but the one that a button asks for, and the log says so first', async () => {
  const web = await servedWithTools();
  const token = await web.hold();
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

test('the copy button’s script gets it as JSON, and a person who loads the address gets nothing', async () => {
  const web = await servedWithTools();
  const token = await web.hold();
  const person = await web.person();
  const ask = () => person.post('/profiles/acme/token').type('form').set('Accept', 'application/json');
  expect((await ask().expect(200)).body).toEqual({ access_token: token });
  await person.get('/profiles/acme/token').expect(405).expect('Allow', 'POST');
});

test('nobody else gets it: not without entering, not from another origin, not under another name', async () => {
  const web = await servedWithTools();
  const token = await web.hold();
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

test('one that has expired, or is not there, is a kind page', async () => {
  const web = await servedWithTools();
  await web.hold();
  web.vault.setNow(today + 400 * dayMs);
  const person = await web.person();
  const { text } = await person.post('/profiles/acme/token').type('form').expect(409);
  expect(text).toContain('Token expired');
  expect((await person.get('/profiles/acme')).text).not.toContain('action="/profiles/acme/token"');
  await person.post('/profiles/nobody/token').type('form').expect(404);
});
