import { expect, test } from 'vitest';
import { auditLog } from '../support/vault/test-vault.ts';
import { servedWithTools } from '../support/web/with-providers.ts';

const headings = [
  'Does Webex accept the token?',
  'Is it of the right organization?',
  'Is it a full administrator’s?',
  'Would Entra ID’s Test Connection pass?',
  'Would Okta’s Test API Credentials pass?',
];

test('five questions, and five answers', async () => {
  const web = await servedWithTools();
  await web.hold();
  const person = await web.person();
  await person.post('/profiles/acme/test').type('form').expect(303).expect('Location', '/profiles/acme/test');
  const { text } = await person.get('/profiles/acme/test').expect(200);
  expect(text).toContain('The token works');
  for (const heading of headings) expect(text).toContain(`${heading} <span class="tone">Yes</span>`);
  expect(await auditLog(web.vault)).toContain('test ok acme');
  expect((await person.get('/profiles/acme')).text).toMatch(/<strong>Tested<\/strong>/);
});

test('what fails says why, and what to do', async () => {
  const web = await servedWithTools();
  await web.hold();
  web.simulator.revoke('full-admin');
  const person = await web.person();
  await person.post('/profiles/acme/test').type('form').expect(303);
  const { text } = await person.get('/profiles/acme/test').expect(200);
  expect(text).toContain('The token does not pass');
  expect(text).toContain('Does Webex accept the token? <span class="tone">No</span>');
  expect(text).toContain('Is it a full administrator’s? <span class="tone">Could not tell</span>');
  expect(text).toContain('Sign in again');
  expect((await person.get('/profiles/acme')).text).toContain('Rejected by Webex');
});

test('a profile without a token says so, and asks nobody', async () => {
  const web = await servedWithTools();
  await web.hold();
  await web.vault.db.deleteFrom('token').execute();
  const person = await web.person();
  expect((await person.get('/profiles/acme/test').expect(200)).text).toContain('Nothing is changed.');
  web.simulator.requests.length = 0;
  await person.post('/profiles/acme/test').type('form').expect(303);
  expect((await person.get('/profiles/acme/test').expect(404)).text).toContain('No token yet');
  expect(web.simulator.requests).toEqual([]);
});
