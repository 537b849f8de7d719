import { expect, test } from 'vitest';
import { allTokens } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();

test.each([
  [
    'the whole URL',
    `http://localhost:3000/auth/code#access_token=${token}&token_type=Bearer&expires_in=3887999`,
  ],
  ['the fragment', `#access_token=${token}&token_type=Bearer`],
  ['the bare token', ` ${token}\r\n`],
])('%s is stored, and its page shown', async (_what, text) => {
  const { person, vault, idle } = await served();
  const form = { name: 'Acme', deployment: 'commercial', text };
  const answer = await (await person()).post('/import').type('form').send(form).expect(303);
  const [stored] = await allTokens(vault, 'acme');
  expect(answer.headers.location).toBe(`/tokens/${stored?.id}`);
  expect(stored?.source).toBe('import');
  await idle();
});

test.each([
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
])('%o: said at its field, and what was pasted is not shown again', async (form, field, message) => {
  const { person, vault } = await served();
  const { text } = await (await person()).post('/import').type('form').send(form).expect(422);
  expect(text).toMatch(new RegExp(`id="${field}-error">.*${message}`, 's'));
  expect(text).toMatch(/<textarea[^>]*><\/textarea>/);
  expect(text).not.toContain(token);
  expect(await vault.db.selectFrom('token').select('id').execute()).toEqual([]);
});

test('an existing profile keeps its deployment', async () => {
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

test('a token of another organization is rejected before anything is stored', async () => {
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
