import { expect, test } from 'vitest';
import { signInThrough } from '../support/cli/sign-in-by-link.ts';
import { provisioningMachine } from '../support/provisioning/provisioning-cli.ts';

test('login --push: sign in once, and the provisioning tools have the new token too', async () => {
  const { run, start, simulator, token } = await provisioningMachine();
  const { entra, okta } = simulator;
  okta.app.served = true;
  await run(['push', 'entra', 'acme', '--start']);
  await run(['push', 'okta', 'acme']);
  const login = start(['login', 'acme', '--push', '--no-open']);
  const [link] = await login.stderrMatching(/http:\/\/localhost:\d+\/sign-in\/\S+/);
  await signInThrough(link);
  const finished = await login.finished;
  expect(finished).toMatchObject({ code: 0 });
  const renewed = entra.app.secrets.get('SecretToken');
  expect(renewed).not.toBe(token.accessToken);
  expect(okta.app.token).toBe(renewed);
  const shown = JSON.parse((await run(['show', 'acme', '--json'])).stdout);
  expect(shown.destinations).toMatchObject([{ upToDate: true }, { upToDate: true }]);
  expect(finished.stdout + finished.stderr).not.toContain(renewed);
});

test('one tool that fails keeps the other from nothing, and shows in the exit code', async () => {
  const { run, start, simulator } = await provisioningMachine();
  const { entra, okta } = simulator;
  okta.app.served = true;
  await run(['push', 'okta', 'acme']);
  await run(['push', 'entra', 'acme', '--start']);
  const before = okta.app.token;
  entra.faults.add({ path: /servicePrincipals/, answer: 404 });
  const login = start(['login', 'acme', '--push', '--no-open']);
  const [link] = await login.stderrMatching(/http:\/\/localhost:\d+\/sign-in\/\S+/);
  await signInThrough(link);
  expect(await login.finished).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Entra ID still holds what it held before/),
  });
  expect(okta.app.token).not.toBe(before);
});
