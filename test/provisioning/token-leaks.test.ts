import { describe, expect, it } from 'vitest';
import { PushError } from '../../src/provisioning/push/push-error.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { tokenForms } from '../../src/simulator/webex/token-formats.ts';
import { provisioningMachine, storeToken } from '../support/provisioning/provisioning-cli.ts';
import { actor, provisioningVault } from '../support/provisioning/provisioning-vault.ts';

describe('the output of push', () => {
  /** Everything that the commands print, whether they succeed or fail. */
  it('contains no token and no secret', async () => {
    const { run, simulator, token, environment } = await provisioningMachine();
    const { entra, okta } = simulator;
    const said: string[] = [];
    const saying = async (...args: string[]) => {
      const { stdout, stderr } = await run(args);
      said.push(stdout, stderr);
    };
    await saying('push', 'entra', 'acme', '--dry-run');
    await saying('push', 'entra', 'acme', '--start', '--json');
    await saying('push', 'okta', 'acme', '--json');
    okta.app.served = true;
    await saying('push', 'okta', 'acme', '--dry-run', '--json');
    await saying('push', 'okta', 'acme', '--json');
    const renewed = await storeToken({ simulator, environment });
    renewed.revoked = true;
    await saying('push', 'entra', 'acme', '--json');
    await saying('push', 'okta', 'acme', '--json');
    await saying('show', 'acme', '--live', '--json');
    await saying('list');
    const all = said.join('\n');
    for (const secret of [token.accessToken, renewed.accessToken, entra.client.secret, okta.apiToken]) {
      expect(all).not.toContain(secret);
      // No usable part of it either.
      expect(all).not.toContain(secret.slice(0, 40));
    }
    expect(all).not.toMatch(/SIMULATED-(GRAPH|OKTA)-TOKEN/);
  });

  it.each(tokenForms)('contains no token even if the provider repeats it, in any form (%s)', async (form) => {
    const { vault, context, simulator, events, storeToken: store } = await provisioningVault();
    const accessToken = await store('full-admin', form);
    const echoing: typeof fetch = async (input, init) => {
      if (!/validateCredentials|connections\/default/.test(String(input)) || init?.method === 'GET')
        return fetch(input, init);
      const message = `Not good: ${String(init?.body)}`;
      return Response.json(
        { error: { code: 'InvalidCredentials', message }, errorSummary: message },
        { status: 400 },
      );
    };
    const echoed = { ...context, fetch: echoing };
    simulator.okta.app.served = true;
    const failures = await Promise.all([
      pushProfile('entra', vault, 'acme', actor, {}, echoed).catch((error: unknown) => error),
      pushProfile('okta', vault, 'acme', actor, {}, echoed).catch((error: unknown) => error),
    ]);
    for (const failure of failures) {
      if (!(failure instanceof PushError)) throw failure;
      expect(failure.code).toBe('E_REJECTED');
      const all = JSON.stringify([
        failure.message,
        failure.help,
        failure.steps,
        events,
        String(failure.stack),
      ]);
      expect(all).toMatch(/Not good/);
      expect(all).not.toContain(accessToken);
      expect(all).not.toContain(accessToken.slice(0, 30));
    }
  });
});
