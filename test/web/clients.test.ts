import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { addClient, listClients } from '../../src/vault/clients/clients.ts';
import { changeDisplayName, renameProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, auditLog, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function openSeededApp(profiles = ['acme', 'globex']) {
  const web = await served();
  for (const profile of profiles) {
    const tokenId = await importToken(web.vault, { profile }, usualToken(), actor);
    await verifyToken(web.vault, tokenId, actor);
  }
  return { ...web, browser: await web.person() };
}

describe('the pages of API clients', () => {
  it('adds a client, and shows its secret once without storing it', async () => {
    const { browser, vault } = await openSeededApp();
    const form = {
      name: 'ci-deploy',
      profiles: ['acme', 'globex'],
      until: '2027-12-31',
      addresses: '10.1.2.3, 10.2.0.0/16',
    };
    const { text } = await browser.post('/clients').type('form').send(form).expect(200);
    const secret = /id="client-secret" data-secret>([\w-]{43})</.exec(text)?.[1] ?? '';
    expect(secret).not.toBe('');
    expect(text).toContain('http://localhost:3000/oauth/token');
    const [client] = await listClients(vault);
    expect(client).toMatchObject({
      name: 'ci-deploy',
      profiles: ['acme', 'globex'],
      addresses: ['10.1.2.3', '10.2.0.0/16'],
    });
    expect(new Date(client?.expiresAt ?? 0).toDateString()).toBe('Fri Dec 31 2027');
    for (const path of ['/clients', '/clients/ci-deploy', '/audit-log', '/profiles/acme']) {
      const page = await browser.get(path).expect(200);
      expect(page.text).toContain('ci-deploy');
      expect(page.text).not.toContain(secret);
    }
    expect(await auditLog(vault)).toContain('client-add ok acme');
  });

  it.each([
    [{ name: '', profiles: 'acme' }, 'name', 'Enter a name for the client.'],
    [{ name: 'No Way', profiles: 'acme' }, 'name', 'not a valid client name'],
    [{ name: 'taken', profiles: 'acme' }, 'name', 'An API client named'],
    [{ name: 'ci' }, 'profiles', 'Choose at least one organization.'],
    [{ name: 'ci', profiles: 'acme', until: '2020-01-01' }, 'until', 'in the past'],
    [{ name: 'ci', profiles: 'acme', until: '2020-01-01' }, 'until', 'check this machine’s clock'],
    [{ name: 'ci', profiles: 'acme', until: '2027-02-30' }, 'until', 'This is not a date.'],
    [
      { name: 'ci', profiles: 'acme', addresses: 'example.com' },
      'addresses',
      'is not an IP address or network',
    ],
    [{ name: 'ci', profiles: 'acme', jwks: '{}' }, 'jwks', ''],
    [{ name: 'ci', profiles: 'acme', use: 'everything' }, 'use', 'Choose what the client does.'],
    [{ name: 'ci', profiles: ['acme', 'globex'], use: 'all' }, 'profiles', 'has one organization'],
    [{ name: 'ci', profiles: 'acme', use: 'read', jwks: '{}' }, 'jwks', 'instead of keys'],
  ])('show the form again and say what is wrong: %o', async (form, field, message) => {
    const { browser, vault } = await openSeededApp();
    await addClient(vault, { name: 'taken', profiles: ['acme'] }, actor);
    const { text } = await browser.post('/clients').type('form').send(form).expect(422);
    expect(text).toContain(message);
    expect(text).toContain(`href="#${field}"`);
    expect(text).toContain(`id="${field}-error"`);
    if ('profiles' in form) expect(text).toMatch(/value="acme" checked/);
    expect(await listClients(vault)).toHaveLength(1);
  });

  it('adds a client of the SCIM relay, and shows its tenant URL', async () => {
    const { browser, vault } = await openSeededApp();
    const form = { name: 'entra', profiles: 'acme', use: 'write' };
    const { text } = await browser.post('/clients').type('form').send(form).expect(200);
    expect(text).toContain('http://localhost:3000/scim/acme');
    expect(text).not.toContain('/oauth/token');
    expect(await listClients(vault)).toMatchObject([{ name: 'entra', relayRights: 'write' }]);
    expect((await browser.get('/clients')).text).toContain('SCIM relay: read and write, no DELETE');
    expect((await browser.get('/clients/entra')).text).toContain('http://localhost:3000/scim/acme');
  });

  it('asks for the names of profiles if there are many', async () => {
    const { browser, vault } = await openSeededApp(Array.from({ length: 21 }, (_, index) => `org-${index}`));
    expect((await browser.get('/clients')).text).not.toContain('type="checkbox" name="profiles"');
    const form = { name: 'ci', profiles: 'org-3, org-20\norg-7' };
    await browser.post('/clients').type('form').send(form).expect(200);
    expect((await listClients(vault))[0]?.profiles).toEqual(['org-20', 'org-3', 'org-7']);
  });

  it('finds typed organizations by display name, and says which one it does not find', async () => {
    const { browser, vault } = await openSeededApp(Array.from({ length: 23 }, (_, index) => `org-${index}`));
    const titles = ['Acme Corporation', 'Globex, Inc.', 'Käufer & Söhne', 'Twin Ltd', 'Twin Ltd'];
    for (const [index, title] of titles.entries())
      await changeDisplayName(vault, `org-${index}`, title, actor);
    await renameProfile(vault, 'org-2', 'kaufer-sohne', actor);
    const send = (profiles: string, status: number) =>
      browser.post('/clients').type('form').send({ name: 'ci', profiles }).expect(status);
    const refused = async (profiles: string) => {
      const { text } = await send(profiles, 422);
      expect(text).toContain('href="#profiles"');
      expect(await listClients(vault)).toEqual([]);
      return text;
    };
    const missing = await refused('Acme Corporation\norg-9, Acme Company');
    expect(missing).toContain('No organization is named “Acme Company”.');
    // What was typed is kept, line by line.
    expect(missing).toContain('>Acme Corporation\norg-9, Acme Company</textarea>');
    expect(await refused('Globex')).toContain('Similar names: Globex, Inc. (org-1).');
    expect(await refused('org-7 org-77')).toContain('No organization is named “org-77”.');
    expect(await refused('Twin Ltd')).toContain('Enter the technical name of one: org-3, org-4.');
    const secret = 'S'.repeat(64);
    expect(await refused(secret)).toContain('No organization is named “[hidden]”.');
    await send('Acme Corporation; org-9 org-10\r\nGlobex, Inc.\r\nkäufer & söhne, Acme Corporation', 200);
    expect((await listClients(vault))[0]?.profiles).toEqual([
      'kaufer-sohne',
      'org-0',
      'org-1',
      'org-10',
      'org-9',
    ]);
  });

  it('adds a second secret, or replaces the first one', async () => {
    const { browser, vault } = await openSeededApp();
    await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
    const post = (overlap: string) =>
      browser.post('/clients/ci/secret').type('form').send({ overlap }).expect(200);
    expect((await post('week')).text).toContain(
      'The previous secret works for 7 more days. An older one has stopped working.',
    );
    expect((await listClients(vault))[0]?.previousSecret?.until).toBe(today + 7 * dayMs);
    expect((await browser.get('/clients/ci')).text).toContain('The previous secret works until');
    expect((await post('none')).text).toContain('The previous secret no longer works.');
    expect((await browser.get('/clients/ci')).text).not.toContain('The previous secret works until');
  });

  it('removes a client immediately', async () => {
    const { browser, vault } = await openSeededApp();
    await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
    await browser.post('/clients/ci/remove').type('form').expect(303).expect('Location', '/clients');
    expect((await browser.get('/clients')).text).toContain('It no longer has access');
    expect(await listClients(vault)).toEqual([]);
    await browser.get('/clients/ci').expect(404);
  });

  it('requires an authenticated session and the same origin', async () => {
    const { browser, visitor, vault } = await openSeededApp();
    await visitor().get('/clients').expect(403);
    await browser
      .post('/clients')
      .set('Origin', 'http://evil.example')
      .type('form')
      .send({ name: 'x', profiles: 'acme' })
      .expect(403);
    expect(await listClients(vault)).toEqual([]);
  });
});
