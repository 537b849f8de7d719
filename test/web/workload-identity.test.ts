import { describe, expect, it } from 'vitest';
import { listClients } from '../../src/vault/clients/clients.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const identity = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:acme/provisioning:ref:refs/heads/main',
  audience: 'webex-token',
};
const form = { name: 'ci', profiles: 'acme', ...identity };

async function signedIn() {
  const web = await served();
  const tokenId = await importToken(web.vault, { profile: 'acme' }, usualToken(), actor);
  await verifyToken(web.vault, tokenId, actor);
  return { ...web, browser: await web.person() };
}

describe('the page of API clients', () => {
  it('adds a client with a workload identity, and shows what its JWT must contain', async () => {
    const { browser, vault } = await signedIn();
    const added = await browser
      .post('/clients')
      .type('form')
      .send({ ...form, anyScope: 'yes' })
      .expect(200);
    expect(added.text).toContain('has no secret');
    expect(added.text).not.toContain('id="client-secret"');
    expect(added.text).toContain('client_assertion@jwt');
    expect(await listClients(vault)).toMatchObject([
      { name: 'ci', authentication: 'workload_identity', workloadIdentity: { ...identity, anyScope: true } },
    ]);
    const page = await browser.get('/clients/ci').expect(200);
    for (const text of [...Object.values(identity), 'Workload identity']) expect(page.text).toContain(text);
    expect(page.text).not.toContain('New secret');
    const refused = await browser
      .post('/clients/ci/secret')
      .type('form')
      .send({ overlap: 'none' })
      .expect(400);
    expect(refused.text).toContain('has no secret');
  });

  it.each([
    [{ ...form, subject: '' }, 'subject', 'Enter the subject.'],
    [{ ...form, issuer: '', audience: '' }, 'issuer', 'Enter the issuer.'],
    [{ name: 'ci', profiles: 'acme', anyScope: 'yes' }, 'audience', 'Enter the audience.'],
    [{ ...form, issuer: 'http://issuer.example' }, 'issuer', 'must start with https://'],
    [{ ...form, subject: '*' }, 'subject', 'matches every JWT'],
    [{ ...form, audience: 'a*' }, 'audience', 'cannot contain *'],
    [{ ...form, jwks: '{}' }, 'jwks', 'either its own keys or the JWT'],
    [{ ...form, use: 'all' }, 'issuer', 'a secret instead of a JWT'],
  ])('shows the form again for %o, with the entered values', async (entered, field, message) => {
    const { browser, vault } = await signedIn();
    const { text } = await browser.post('/clients').type('form').send(entered).expect(422);
    expect(text).toContain(`id="${field}-error"`);
    expect(text).toContain(message);
    if ('subject' in entered && entered.subject !== '') expect(text).toContain(`value="${entered.subject}"`);
    expect(await listClients(vault)).toEqual([]);
  });
});
