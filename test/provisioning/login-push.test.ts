import { describe, expect, it } from 'vitest';
import type { Running } from '../support/cli/cli-process.ts';
import { BrowserByHand, printedLink } from '../support/cli/follow-link.ts';
import { provisioningMachine } from '../support/provisioning/provisioning-cli.ts';

/** Signs in with the link that the command prints, and loads the page with the result. */
async function signIn(login: Running): Promise<void> {
  const browser = new BrowserByHand();
  const redirectUrl = await browser.signIn(await printedLink(login), { account: 'full-admin' });
  expect((await browser.openResult(redirectUrl)).status).toBe(200);
}

describe('login --push', () => {
  it('sends the new token to every destination after one sign-in', async () => {
    const { run, start, simulator, token } = await provisioningMachine();
    const { entra, okta } = simulator;
    okta.app.served = true;
    await run(['push', 'entra', 'acme', '--start']);
    await run(['push', 'okta', 'acme']);
    const login = start(['login', 'acme', '--push', '--no-open']);
    await signIn(login);
    const finished = await login.finished;
    expect(finished).toMatchObject({ code: 0 });
    const renewed = entra.app.secrets.get('SecretToken');
    expect(renewed).not.toBe(token.accessToken);
    expect(okta.app.token).toBe(renewed);
    const shown = JSON.parse((await run(['show', 'acme', '--json'])).stdout);
    expect(shown.destinations).toMatchObject([{ upToDate: true }, { upToDate: true }]);
    expect(finished.stdout + finished.stderr).not.toContain(renewed);
  });

  it('continues with the other destination if one fails, and exits with an error', async () => {
    const { run, start, simulator } = await provisioningMachine();
    const { entra, okta } = simulator;
    okta.app.served = true;
    await run(['push', 'okta', 'acme']);
    await run(['push', 'entra', 'acme', '--start']);
    const before = okta.app.token;
    entra.faults.add({ path: /servicePrincipals/, effect: 404 });
    const login = start(['login', 'acme', '--push', '--no-open']);
    await signIn(login);
    expect(await login.finished).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Entra ID still has its previous settings/),
    });
    expect(okta.app.token).not.toBe(before);
  });
});
