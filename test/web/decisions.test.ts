import { describe, expect, it } from 'vitest';
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
      // There is no button that does it at once.
      expect(text.split(`action="${action}"`)).toHaveLength(2);
    }
  });
});
