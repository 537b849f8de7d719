import { expect, test } from 'vitest';
import { remedyFor } from '../../src/web/errors/remedies.ts';
import { servedWithTools } from '../support/web/with-providers.ts';

test.each([
  [
    'Get a new one with: webex-token login acme. To use the old one all the same: --allow-expired',
    'Get a new one with “Sign in at Webex” on the page of “acme” (webex-token login acme).',
  ],
  [
    'Get one with: webex-token login acme.corp',
    'Get one with “Sign in at Webex” on the page of “acme.corp” (webex-token login acme.corp).',
  ],
  [
    'Check the AZURE_* settings, and --cloud.',
    'Check the AZURE_* settings, and the cloud under “More options”.',
  ],
  ['Nobody signed in in time. Run the command again.', 'Nobody signed in in time. Try again.'],
  [
    'Provisioning is paused, and was left so. To start it: --start, or Provisioning Status "On" in the portal.',
    'Provisioning is paused, and was left so. To start it: “Start provisioning” under “More options”, or Provisioning Status "On" in the portal.',
  ],
  ['What no button does: webex-token restore FILE.', 'What no button does: webex-token restore FILE.'],
])('%s', (command, page) => {
  expect(remedyFor(command)).toBe(page);
});

test('pages name the button first', async () => {
  const web = await servedWithTools();
  await web.hold();
  const person = await web.person();
  const page = async (path: string, status = 200) => (await person.get(path).expect(status)).text;
  expect(await page('/profiles/nobody', 404)).toContain(
    'The overview shows the ones there are (webex-token list), and “Add” makes one',
  );
  expect(await page('/clients/nobody', 404)).toContain('“Programs” shows the ones there are');
  const noRound = await person.post('/renewals/end').type('form').expect(409);
  expect(noRound.text).toContain('with “Begin the round”');

  web.vault.setNow(web.vault.now() + 400 * 86_400_000);
  await person.get('/profiles/acme').expect(403);
  const later = await web.person();
  await later.post('/profiles/acme/test').type('form').expect(303);
  expect((await later.get('/profiles/acme/test').expect(200)).text).toContain(
    'with “Sign in at Webex” on the page of “acme” (webex-token login acme).',
  );

  const left = await later.post('/profiles/acme/entra/push').type('form').expect(303);
  await web.idle();
  const pushJob = await later.get(String(left.headers.location)).expect(200);
  expect(pushJob.text).toContain('with “Sign in at Webex” on the page of “acme”');
  expect(pushJob.text).not.toContain('--allow-expired');
});

test('the step that leaves provisioning as it is names the box to tick', async () => {
  const web = await servedWithTools();
  await web.hold();
  const person = await web.person();
  const pushed = await person.post('/profiles/acme/entra/push').type('form').expect(303);
  await web.idle();
  const { text } = await person.get(String(pushed.headers.location)).expect(200);
  expect(text).toContain('To start it: “Start provisioning” under “More options”, or Provisioning Status');
});
