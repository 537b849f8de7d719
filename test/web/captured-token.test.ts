import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { dateText } from '../../src/web/view-models/dates.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, allTokens, auditLog, newVault, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';
import { acmeOrgId, usualToken } from '../support/webex/fake-tokens.ts';

async function withSimulator(): Promise<{ simulator: Simulator; web: Served }> {
  const simulator = await simulated({ now: () => today });
  return { simulator, web: await served(simulator) };
}

/** Stores and verifies a token of this account, and returns the path of its page. */
async function stored(
  { simulator, web }: { simulator: Simulator; web: Served },
  account: string,
  { profile = 'acme', expiresIn = '' } = {},
): Promise<string> {
  const { accessToken } = simulator.issueToken(account);
  const lifetime = expiresIn === '' ? '' : `&expires_in=${expiresIn}`;
  const text = `#access_token=${accessToken}&token_type=Bearer${lifetime}`;
  const tokenId = await importToken(web.vault, { profile }, text, actor);
  await verifyToken(web.vault, tokenId, actor);
  return `/tokens/${tokenId}`;
}

describe('the page of a captured token', () => {
  it('shows that the token is stored, its account, its expiry date and the evidence for it', async () => {
    const both = await withSimulator();
    const path = await stored(both, 'full-admin', { expiresIn: '3887999' });
    const { text } = await (await both.web.person()).get(path).expect(200);
    const expiry = '2028-02-29T00:00:00.000Z';
    expect(text).toContain('Token saved for acme');
    expect(text).toContain('Ada Nakamura');
    expect(text).toContain('ada.nakamura@acme.example');
    expect(text).toContain('Full administrator');
    expect(text).toContain(both.web.vault.settings.home);
    expect(text).toContain(`<time datetime="${expiry}">${dateText(expiry)}</time> (365 days left)`);
    expect(text).toMatch(/Confirmed by Webex <span class="tag">in effect/);
    expect(text).toContain('expires_in=3887999, which is 45 days minus one second');
    expect(text).toMatch(/id="tenant-url">http:\/\/127\.0\.0\.1:\d+\/v1\/scim\/ac3e0001/);
    expect(text).toContain('webex-token get acme');
  });

  it('a token of an account that is not a full administrator needs review', async () => {
    const both = await withSimulator();
    await stored(both, 'full-admin');
    const path = await stored(both, 'user-admin');
    const person = await both.web.person();
    const { text } = await person.get(path).expect(200);
    expect(text).toContain('This account is not a full administrator');
    expect(text).toContain('the current token stays in use');
    expect(text).toContain('/idb/oauth2/v1/logout?cisService=webex');
    expect(text).not.toContain('Tenant URL');

    await person.post(`${path}/approve`).type('form').expect(303).expect('Location', '/profiles/acme');
    expect(
      (await allTokens(both.web.vault, 'acme')).map(({ account, state }) => [account?.email, state]),
    ).toEqual(
      expect.arrayContaining([
        ['ben.okafor@acme.example', 'current'],
        ['ada.nakamura@acme.example', 'previous'],
      ]),
    );
    const profile = await person.get('/profiles/acme').expect(200);
    expect(profile.text).toContain('This token is now in use.');
    expect((await person.get('/profiles/acme')).text).not.toContain('This token is now in use');
  });

  it('a token of another organization can be discarded', async () => {
    const both = await withSimulator();
    await stored(both, 'full-admin');
    const path = await stored(both, 'other-organization');
    const person = await both.web.person();
    const { text } = await person.get(path).expect(200);
    expect(text).toContain('This token belongs to a different organization');
    expect(text).toContain('910be001-5eed-4000-8000-000000000002');
    await person.post(`${path}/discard`).type('form').expect(303);
    expect(await allTokens(both.web.vault, 'acme')).toHaveLength(1);
    await person.get(path).expect(404);
    await person.post(`${path}/discard`).type('form').expect(404);
  });

  it('keeps the token if Webex cannot be reached, and shows the reason', async () => {
    const both = await withSimulator();
    both.simulator.faults.add({ path: '/v1/people/me', effect: 503 });
    const person = await both.web.person();
    const form = { name: 'acme', text: both.simulator.issueToken('full-admin').accessToken };
    const response = await person.post('/import').type('form').send(form).expect(303);
    const { text } = await person.get(String(response.headers.location)).expect(200);
    expect(text).toContain('The token is saved but not yet verified');
    expect(text).toContain('Webex reports a server error (503)');
    expect(text).toContain('The token is encrypted on this computer');
    expect((await person.get('/')).text).toContain('Not yet verified with Webex');
  });

  it('a rejected token is shown as rejected', async () => {
    const both = await withSimulator();
    const { accessToken } = both.simulator.issueToken('full-admin');
    both.simulator.revoke('full-admin');
    const person = await both.web.person();
    const response = await person.post('/import').type('form').send({ name: 'acme', text: accessToken });
    const { text } = await person.get(String(response.headers.location)).expect(200);
    expect(text).toContain('<h1>Webex rejects this token</h1>');
    expect(text).not.toMatch(/token (is )?(saved|stored)|webex-token get/i);
    // The audit log shows the same.
    expect(await auditLog(both.web.vault)).toContain('verify rejected acme');
    const page = (await person.get('/profiles/acme').expect(200)).text;
    expect(page).toMatch(/<strong>Webex rejects it<\/strong> since/);
    expect(page).not.toContain('Not yet verified');
    // Neither of the pages that remove it says that Webex accepts it, or that it could be revoked.
    const tokenPath = `/profiles/acme${String(response.headers.location)}/remove`;
    for (const removal of ['/profiles/acme/remove', tokenPath]) {
      const question = (await person.get(removal).expect(200)).text;
      expect(question).not.toMatch(/does not revoke|Webex accepts/);
    }
    expect((await person.get(tokenPath)).text).toContain('Webex rejects this token');
  });

  it('asks for the organization if it is unknown', async () => {
    const { person: enter, vault } = await served();
    const person = await enter();
    const response = await person
      .post('/import')
      .type('form')
      .send({ name: 'acme', text: 'fake-token-for-acme' });
    const path = String(response.headers.location);
    const page = await person.get(path).expect(200);
    expect(page.text).toContain('Which organization is it?');
    expect(page.text).toContain('has an unknown form');

    const wrong = await person.post(`${path}/organization`).type('form').send({ orgId: 'OrgId' }).expect(422);
    expect(wrong.text).toContain('“OrgId” is a placeholder in the guide');
    await person.post(`${path}/organization`).type('form').send({ orgId: acmeOrgId }).expect(303);
    const told = await person.get(path).expect(200);
    expect(told.text).not.toContain('Which organization is it?');
    expect(told.text).toContain(`/v1/scim/${acmeOrgId}`);
    expect(await vault.db.selectFrom('profile').select('org_id').execute()).toEqual([{ org_id: acmeOrgId }]);
  });

  it('opening the page verifies a pending token', async () => {
    const { simulator, web } = await withSimulator();
    const tokenId = await importToken(
      web.vault,
      { profile: 'acme' },
      simulator.issueToken('full-admin').accessToken,
      actor,
    );
    const { text } = await (await web.person()).get(`/tokens/${tokenId}`).expect(200);
    expect(text).toContain('Ada Nakamura');
  });

  it('shows the progress and reloads while Webex is slow', async () => {
    const simulator = await simulated({ now: () => today });
    const answers = Promise.withResolvers<void>();
    const vault = await newVault(simulator, {
      fetch: async (...request) => {
        await answers.promise;
        return await fetch(...request);
      },
    });
    const web = await served(simulator, { vault, waitMs: 1 });
    const person = await web.person();
    const form = { name: 'acme', text: simulator.issueToken('full-admin').accessToken };
    const path = String((await person.post('/import').type('form').send(form)).headers.location);
    const { text } = await person.get(path).expect(200);
    expect(text).toContain('Verifying the token with Webex');
    expect(text).toContain(`data-progress="${path}/progress"`);
    expect(text).toContain(`<noscript><meta http-equiv="refresh" content="2; url=${path}"></noscript>`);
    const progress = async () => (await person.get(`${path}/progress`).expect(200)).body;
    expect(await progress()).toEqual({ next: null });
    answers.resolve();
    await expect.poll(progress).toEqual({ next: path });
    expect((await person.get(path).expect(200)).text).toContain('Ada Nakamura');
    await web.idle();
  });

  it('an internal error of the verification is logged without the token, and the page still opens', async () => {
    const { person, vault, logged, idle } = await served();
    vault.keys.open = () => {
      throw new Error(`cannot open ${usualToken()}`);
    };
    const browser = await person();
    const response = await browser
      .post('/import')
      .type('form')
      .send({ name: 'acme', text: usualToken() })
      .expect(303);
    const { text } = await browser.get(String(response.headers.location)).expect(200);
    expect(text).toContain('not yet verified');
    await idle();
    expect(logged()).toContain('cannot open [hidden]');
    expect(logged()).not.toContain(usualToken());
  });

  it('another browser cannot open the page of a captured token', async () => {
    const both = await withSimulator();
    const path = await stored(both, 'user-admin');
    const visitor = both.web.visitor().set('Origin', 'http://localhost:3000');
    await visitor.get(path).expect(403);
    await visitor.get(`${path}/progress`).expect(403);
    for (const decision of ['approve', 'discard', 'organization', 'verify']) {
      await visitor.post(`${path}/${decision}`).type('form').send({ orgId: acmeOrgId }).expect(403);
    }
    expect(await allTokens(both.web.vault, 'acme')).toMatchObject([{ state: 'needs-review' }]);
  });

  it('a button verifies a token again, and the page shows the result', async () => {
    const both = await withSimulator();
    const { simulator, web } = both;
    simulator.faults.add({ path: '/v1/people/me', effect: 503 });
    const path = await stored(both, 'full-admin');
    const person = await web.person();
    const button = `action="${path}/verify"`;
    const page = async (of = path) => (await person.get(of).expect(200)).text;
    const checkAgain = () => person.post(`${path}/verify`).type('form').expect(303).expect('Location', path);
    expect(await page()).toContain(button);
    expect(await page('/profiles/acme')).toContain(button);

    await checkAgain();
    expect(await page()).toContain('Webex reports a server error (503)');
    expect((await auditLog(web.vault)).at(-1)).toBe('verify server-error acme');
    simulator.faults.clear();
    await checkAgain();
    expect(await page()).toContain('Ada Nakamura');
    expect(await page()).toContain('<h1>Token saved for acme');
    expect(await page()).not.toContain(button);
    expect(await page('/profiles/acme')).not.toContain(button);
    expect((await auditLog(web.vault)).at(-1)).toBe('verify ok acme');
    await person.post('/tokens/00000000-0000-4000-8000-000000000000/verify').type('form').expect(404);
  });

  it.each([
    ['user-admin', 'Ben Okafor is not a full administrator'],
    ['other-organization', 'The token belongs to a different organization'],
  ])(
    'keeps a token of %s in use after another verification, and says what is wrong',
    async (account, words) => {
      const both = await withSimulator();
      const { simulator, web } = both;
      await stored(both, 'full-admin');
      simulator.faults.add({ path: '/v1/people/me', effect: 503, times: 1 });
      // A token without an organization ID.
      const { accessToken } = simulator.issueToken(account, { form: 'opaque' });
      const tokenId = await importToken(web.vault, { profile: 'acme' }, accessToken, actor);
      await verifyToken(web.vault, tokenId, actor, true);
      const person = await web.person();
      await person.post(`/tokens/${tokenId}/verify`).type('form').expect(303);
      expect((await person.get(`/tokens/${tokenId}`).expect(200)).text).toContain(words);
      expect(await allTokens(web.vault, 'acme')).toContainEqual(
        expect.objectContaining({ id: tokenId, state: 'current', verifiedAt: today }),
      );
    },
  );

  it('shows an unverified token, which the person can use immediately', async () => {
    const both = await withSimulator();
    const { simulator, web } = both;
    await stored(both, 'full-admin');
    simulator.faults.add({ path: '/v1/people/me', effect: 503 });
    const path = await stored(both, 'full-admin');
    const person = await web.person();
    const { text } = await person.get(path).expect(200);
    expect(text).toContain('keeps using its current token');
    expect(text).toContain('Webex reports a server error (503)');
    expect((await person.get('/profiles/acme')).text).toContain(`<a href="${path}">is not yet verified</a>`);
    await person.post(`${path}/approve`).type('form').expect(303);
    expect((await allTokens(web.vault, 'acme')).map(({ id, state }) => [`/tokens/${id}`, state])).toEqual(
      expect.arrayContaining([
        [path, 'current'],
        [expect.any(String), 'previous'],
      ]),
    );
  });

  it('a token of the other deployment can be discarded but not used', async () => {
    const both = await withSimulator();
    const { web } = both;
    await stored(both, 'full-admin');
    const tokenId = await importToken(web.vault, { profile: 'acme' }, usualToken({ cluster: 'FC82' }), actor);
    await verifyToken(web.vault, tokenId, actor);
    const person = await web.person();
    const path = `/tokens/${tokenId}`;
    const { text } = await person.get(path).expect(200);
    expect(text).toContain('This token belongs to another Webex');
    expect(text).not.toContain(`${path}/approve`);
    await person.post(`${path}/approve`).type('form').expect(409);
    await person.post(`${path}/discard`).type('form').expect(303);
    expect(await allTokens(web.vault, 'acme')).toMatchObject([{ state: 'current' }]);
  });

  it('the form rejects a token that is not from the selected deployment', async () => {
    const { web } = await withSimulator();
    const form = { name: 'acme', deployment: 'commercial', text: usualToken({ cluster: 'FC82' }) };
    const { text } = await (await web.person()).post('/import').type('form').send(form).expect(422);
    expect(text).toContain('The token belongs to Webex for Government');
    expect(await allTokens(web.vault, 'acme')).toEqual([]);
  });
});
