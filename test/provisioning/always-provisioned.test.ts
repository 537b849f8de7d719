import { describe, expect, it } from 'vitest';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { rotateClientSecret, secretOverlapMs } from '../../src/vault/clients/clients.ts';
import { provisioningServer } from '../support/provisioning/provisioning-server.ts';
import { actor } from '../support/provisioning/provisioning-vault.ts';

describe('provisioning through the broker', () => {
  it('continues through renewals, a revoked token, a restart and a rotated secret, without any action at the providers', async () => {
    const server = await provisioningServer();
    const { simulator, vault, context } = server;
    const { entra, okta } = simulator;
    const relayed = entra.app;
    const byOauth = entra.directory.addApp({ displayName: 'Webex by client credentials' });
    const scimApp = okta.addApp({ name: 'scim2headerauth', label: 'Webex', served: true });
    const push = (provider: 'entra' | 'okta', via: 'relay' | 'oauth', app: string) =>
      pushProfile(provider, vault, 'acme', actor, { via, app, start: true }, context);
    await push('entra', 'relay', relayed.id);
    await push('entra', 'oauth', byOauth.id);
    await push('okta', 'relay', scimApp.id);
    const saved = () => [...relayed.secrets, ...byOauth.secrets, scimApp.baseUrl, scimApp.token].join();
    const before = saved();
    entra.requests.length = 0;
    okta.requests.length = 0;

    /** Someone joins, and each provider runs its next cycle. Returns what each of them exported; null if it failed. */
    const cycle = async (name: string) => {
      for (const [at, app] of [relayed, byOauth].entries()) {
        entra.directory.addUser(`${name}.${at}@acme.example`, {
          assignments: [{ resourceId: app.id, principalType: 'User' }],
        });
        await entra.runCycle(app);
      }
      scimApp.assigned.push({ userName: `${name}.okta@acme.example`, displayName: name });
      const [first, second] = [relayed, byOauth].map(({ jobs: [job] }) =>
        job?.lastExecution?.state === 'Succeeded' ? job.lastExecution.exported : null,
      );
      const third = await okta.runCycle(scimApp).catch(() => null);
      return { relay: first, oauth: second, okta: third?.exported ?? null };
    };
    const one = { relay: 1, oauth: 1, okta: 1 };

    expect(await cycle('ada')).toEqual(one);
    await server.storeToken();
    expect(await cycle('after-a-renewal')).toEqual(one);

    simulator.revoke('full-admin');
    expect(await cycle('revoked')).toEqual({ relay: null, oauth: null, okta: null });
    expect(relayed.jobs[0]?.code).toBe('Quarantine');
    await server.storeToken();
    // The next attempt ends the quarantine, and provisions the users that were missed.
    expect(await cycle('renewed')).toEqual({ relay: 2, oauth: 2, okta: 2 });
    expect([relayed, byOauth].map(({ jobs: [job] }) => job?.code)).toEqual(['Active', 'Active']);

    await server.restart();
    expect(await cycle('after-a-restart')).toEqual(one);

    for (const client of ['acme-entra-relay', 'acme-entra-oauth', 'acme-okta-relay'])
      await rotateClientSecret(vault, client, secretOverlapMs, actor);
    expect(await cycle('rotated')).toEqual(one);

    // All of it without a change at the providers.
    expect(saved()).toBe(before);
    expect([...entra.requests, ...okta.requests]).toEqual([]);
  });
});
