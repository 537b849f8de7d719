import { describe, expect, it } from 'vitest';
import { allTokens, fragment } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();

describe('the import page', () => {
  it.each([
    [
      'the whole URL',
      `http://localhost:3000/auth/code#access_token=${token}&token_type=Bearer&expires_in=3887999`,
    ],
    ['the fragment', `#access_token=${token}&token_type=Bearer`],
    ['the bare token', ` ${token}\r\n`],
  ])('stores %s and shows its page', async (_what, text) => {
    const { person, vault, idle } = await served();
    const form = { name: 'Acme', deployment: 'commercial', text };
    const response = await (await person()).post('/import').type('form').send(form).expect(303);
    const [stored] = await allTokens(vault, 'acme');
    expect(response.headers.location).toBe(`/tokens/${stored?.id}`);
    expect(stored?.source).toBe('import');
    await idle();
  });

  it.each([
    [{ name: '', text: token }, 'name', 'Enter a name for the organization.'],
    [
      { name: 'acme', text: 'https://idbroker.webex.com/idb/oauth2/v1/authorize?x=y' },
      'text',
      'starts the sign-in',
    ],
    [{ name: 'acme', text: '' }, 'text', 'The text is empty'],
    [{ name: 'acme', text: `${token} and more` }, 'text', 'space'],
    [{ name: 'acme', text: '#error=access_denied' }, 'text', 'declined'],
    [{ name: 'acme', text: token, orgId: 'acme.com' }, 'orgId', 'domain name'],
  ])('reports an error at its field, without the pasted text: %o', async (form, field, message) => {
    const { person, vault } = await served();
    const { text } = await (await person()).post('/import').type('form').send(form).expect(422);
    expect(text).toMatch(new RegExp(`id="${field}-error">.*${message}`, 's'));
    expect(text).toMatch(/<textarea[^>]*><\/textarea>/);
    expect(text).not.toContain(token);
    expect(await vault.db.selectFrom('token').select('id').execute()).toEqual([]);
  });

  it('an existing profile keeps its deployment', async () => {
    const { person, vault, idle } = await served();
    const browser = await person();
    const government = { name: 'acme', deployment: 'government', text: usualToken({ cluster: 'FC82' }) };
    await browser.post('/import').type('form').send(government).expect(303);
    await idle();
    const again = {
      name: 'acme',
      deployment: 'commercial',
      text: usualToken({ cluster: 'FC82', filler: 'B' }),
    };
    await browser.post('/import').type('form').send(again).expect(303);
    await idle();
    expect(await vault.db.selectFrom('profile').select('deployment').execute()).toEqual([
      { deployment: 'government' },
    ]);
    expect((await browser.get('/import')).text).toContain('<option value="acme">');
  });

  it('a token of another organization is rejected before anything is stored', async () => {
    const { person, vault, idle } = await served();
    const browser = await person();
    await browser.post('/import').type('form').send({ name: 'acme', text: token }).expect(303);
    await idle();
    const other = {
      name: 'acme',
      text: usualToken({ filler: 'B' }),
      orgId: '99999999-1111-4222-8333-444444444444',
    };
    const { text } = await browser.post('/import').type('form').send(other).expect(422);
    expect(text).toMatch(/id="orgId-error">.*belongs to the organization/s);
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
  });
});

describe('the Webex address on the import page', () => {
  async function started() {
    const app = await served();
    const browser = await app.person();
    const form = { name: 'Acme', deployment: 'commercial' };
    const { text } = await browser.post('/import/address').type('form').send(form).expect(200);
    const address = /<code id="address">([^<]+)</.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const signIn = /name="signIn" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const state = new URL(address).searchParams.get('state');
    return { ...app, browser, form: { ...form, signIn }, state };
  }

  it('accepts the redirect that belongs to it, once', async () => {
    const { browser, form, state, vault, idle } = await started();
    const text = fragment({ access_token: token, state });
    await browser
      .post('/import')
      .type('form')
      .send({ ...form, text })
      .expect(303);
    expect(await allTokens(vault, 'acme')).toEqual([expect.objectContaining({ source: 'sign-in' })]);
    const again = await browser
      .post('/import')
      .type('form')
      .send({ ...form, text })
      .expect(422);
    expect(again.text).toContain('already stored');
    expect(await allTokens(vault, 'acme')).toHaveLength(1);
    await idle();
  });

  it.each([
    ['a sentence after it', (address: string) => `Here it is: ${address} Best regards, Ada`],
    ['an email around it', (address: string) => `> ${address}\r\n>\r\n> Best regards\r\n> Ada`],
    ['a signature of one word', (address: string) => `${address}\n\nAda`],
    ['a full stop', (address: string) => `${address}.`],
  ])('accepts the redirect with %s', async (_what, write) => {
    const { browser, form, state, vault, idle } = await started();
    const text = write(`http://localhost:3000/auth/code${fragment({ access_token: token, state })}`);
    await browser
      .post('/import')
      .type('form')
      .send({ ...form, text })
      .expect(303);
    expect(await allTokens(vault, 'acme')).toEqual([expect.objectContaining({ source: 'sign-in' })]);
    await idle();
  });

  it.each([
    ['without a state', { access_token: token }, 'no `state` parameter'],
    ['with another state', { access_token: token, state: 'A'.repeat(43) }, 'another sign-in'],
  ])('refuses a redirect %s, and keeps the sign-in open', async (_what, parameters, message) => {
    const { browser, form, state, vault, idle } = await started();
    const send = (text: string) =>
      browser
        .post('/import')
        .type('form')
        .send({ ...form, text });
    const refused = await send(fragment(parameters)).expect(422);
    expect(refused.text).toContain(message);
    expect(refused.text).not.toContain(token);
    expect(await allTokens(vault, 'acme')).toEqual([]);
    await send(fragment({ access_token: token, state })).expect(303);
    await idle();
  });

  it('refuses the redirect in the session of another browser', async () => {
    const { person, form, state, vault } = await started();
    const text = fragment({ access_token: token, state });
    await (await person())
      .post('/import')
      .type('form')
      .send({ ...form, text })
      .expect(422);
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });

  it('does not fall back to an unchecked import after the sign-in is gone', async () => {
    const { browser, form, vault } = await started();
    const signIn = '00000000-0000-4000-8000-000000000000';
    await browser
      .post('/import')
      .type('form')
      .send({ ...form, signIn, text: token })
      .expect(422);
    expect(await allTokens(vault, 'acme')).toEqual([]);
  });

  it('reports a bad name at its field', async () => {
    const { person } = await served();
    const response = await (await person())
      .post('/import/address')
      .type('form')
      .send({ name: '' })
      .expect(422);
    expect(response.text).toMatch(/id="name-error">.*Enter a name for the organization\./s);
  });
});
