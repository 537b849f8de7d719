import { describe, expect, it } from 'vitest';
import { simulatedOrganizations } from '../../src/simulator/webex/organizations.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';

/** The form behind a "details" element with this label, or null. */
function confirmation(html: string, label: string): string | null {
  const parts = html.split('<details class="confirm">').slice(1);
  return parts.find((part) => part.includes(`${label}…</summary>`))?.split('</details>')[0] ?? null;
}

async function withTwoAccounts() {
  const simulator = await simulated();
  const web = await served(simulator);
  const take = async (account: string) => {
    const { accessToken } = simulator.issueToken(account);
    const tokenId = await importToken(web.vault, { profile: 'acme' }, accessToken, actor);
    await verifyToken(web.vault, tokenId, actor);
    return tokenId;
  };
  return { web, first: await take('full-admin'), second: await take('other-organization') };
}

describe('a token that is used in spite of a finding', () => {
  it('is confirmed with its consequence, stays marked, and can be undone', async () => {
    const { web, first, second } = await withTwoAccounts();
    const person = await web.person();
    const decision = confirmation((await person.get(`/tokens/${second}`)).text, 'Use this token');
    expect(decision).toMatch(/provisioning creates users in the organization [0-9a-f-]{36}, not in “acme”/);
    expect(decision).toContain(`action="/tokens/${second}/approve"`);
    expect(decision).toContain('The current token is kept as a previous one.');
    await person.post(`/tokens/${second}/approve`).type('form').expect(303);

    const marked = (await person.get('/profiles/acme').expect(200)).text;
    expect(marked).toContain('<strong>This token belongs to a different organization</strong>');
    expect((await person.get('/')).text).toContain('The token belongs to a different organization');
    const undo = `/profiles/acme/tokens/${first}/activate`;
    expect(marked).toContain(`href="${undo}">Use the previous token again…`);
    await person.post(undo).type('form').expect(303);
    expect((await person.get('/profiles/acme')).text).not.toContain('belongs to a different organization');
  });
});

describe('a token of another organization', () => {
  it('can give its organization to a profile whose first sign-in used the wrong account', async () => {
    const { web, second } = await withTwoAccounts();
    const person = await web.person();
    const decision = confirmation((await person.get(`/tokens/${second}`)).text, 'Change the organization');
    const { globex } = simulatedOrganizations;
    expect(decision).toContain(`“acme” then belongs to the organization ${globex.id} and uses this token.`);
    await person.post(`/tokens/${second}/change-organization`).type('form').expect(303);
    const profile = (await person.get('/profiles/acme').expect(200)).text;
    expect(profile).toContain('The organization was changed, and this token is now in use.');
    expect(profile).not.toContain('belongs to a different organization');
    expect(profile).toContain(`/${globex.id}</code>`);
  });

  it('cannot do so if a destination provisions the organization', async () => {
    const { web, second } = await withTwoAccounts();
    const person = await web.person();
    await person.post('/profiles/acme/okta/updated').type('form').expect(303);
    const { text } = await person.get(`/tokens/${second}`).expect(200);
    expect(confirmation(text, 'Use this token')).not.toBeNull();
    expect(confirmation(text, 'Change the organization')).toBeNull();
  });

  it('is noticed for a new profile if another one has the organization', async () => {
    const simulator = await simulated();
    const web = await served(simulator);
    const person = await web.person();
    const pageAfter = async (profile: string, account: string) => {
      const { accessToken } = simulator.issueToken(account);
      const tokenId = await importToken(web.vault, { profile }, accessToken, actor);
      await verifyToken(web.vault, tokenId, actor);
      return (await person.get(`/tokens/${tokenId}`).expect(200)).text;
    };
    expect(await pageAfter('acme', 'full-admin')).not.toContain('to the same organization');
    expect(await pageAfter('globex', 'other-organization')).not.toContain('to the same organization');
    expect(await pageAfter('initech', 'full-admin')).toContain(
      '<strong>“acme” belongs to the same organization.</strong> If “initech” is a different one, the wrong account signed in',
    );
    expect(await pageAfter('initech', 'full-admin')).toContain('“acme” belongs to the same organization');
    expect(await pageAfter('acme', 'full-admin')).toContain('“initech” belongs to the same organization');
  });
});

describe('an action that is hard to undo', () => {
  it('is behind a confirmation that works without a script', async () => {
    const { web, second } = await withTwoAccounts();
    const person = await web.person();
    await person.post('/profiles/acme/okta/updated').type('form').expect(303);
    await person
      .post('/clients')
      .type('form')
      .send({ name: 'ci', profiles: ['acme'] })
      .expect(200);
    await person.post('/reminders/feed').type('form').expect(200);
    for (const [page, label, action] of [
      [`/tokens/${second}`, 'Discard this token', `/tokens/${second}/discard`],
      ['/profiles/acme/okta', 'Remove destination', '/profiles/acme/okta/remove'],
      ['/clients/ci', 'Remove “ci”', '/clients/ci/remove'],
      ['/reminders', 'Delete the subscription', '/reminders/feed/remove'],
      ['/reminders', 'Create a new address', '/reminders/feed'],
    ] as const) {
      const { text } = await person.get(page).expect(200);
      expect(confirmation(text, label)).toContain(`<form method="post" action="${action}"`);
      // There is no button that does it immediately.
      expect(text.split(`action="${action}"`)).toHaveLength(2);
    }
  });
});
