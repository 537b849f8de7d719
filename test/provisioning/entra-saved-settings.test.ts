import { describe, expect, it } from 'vitest';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { actor, provisioning, provisioningVault } from '../support/provisioning/provisioning-vault.ts';

describe('pushProfile, and the saved settings', () => {
  it.each(['masked', 'none'] as const)(
    'verifies them with the connection test if Graph does not return them (%s)',
    async (shown) => {
      const { vault, context, simulator, storeToken } = await provisioningVault();
      simulator.entra.settings.shownSecrets = shown;
      const accessToken = await storeToken();
      const { steps } = await pushProfile('entra', vault, 'acme', actor, {}, context);
      expect(simulator.entra.app.secrets.get('SecretToken')).toBe(accessToken);
      expect(steps.find(({ step }) => step === 'read-back')).toMatchObject({
        status: 'done',
        message: expect.stringContaining('does not return the saved settings'),
      });
      await pushProfile('entra', vault, 'acme', actor, {}, context);
    },
  );

  it('fails if hidden settings do not pass their test', async () => {
    const { vault, context, simulator, storeToken } = await provisioningVault();
    simulator.entra.settings.shownSecrets = 'masked';
    await storeToken();
    simulator.entra.faults.add({ path: /validateCredentials$/, effect: 403, skip: 1 });
    await expect(pushProfile('entra', vault, 'acme', actor, {}, context)).rejects.toMatchObject({
      remoteState: 'new-untested',
    });
  });
});

describe('pushProfile, starting a job', () => {
  it('does not repeat the start once the job runs, even if the response was lost', async () => {
    const { vault, context, simulator, storeToken } = await provisioningVault();
    const { entra } = simulator;
    provisioning({ simulator }, await storeToken());
    for (const job of entra.app.jobs) job.code = 'Paused';
    entra.faults.add({ path: /\/start$/, effect: 'reset', applied: true });
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    expect(entra.requests.filter(({ path }) => path.endsWith('/start'))).toHaveLength(1);
    expect(entra.app.jobs).toMatchObject([{ code: 'Active' }]);
  });

  it('repeats the start a limited number of times if the job does not run', async () => {
    const { vault, context, simulator, storeToken } = await provisioningVault();
    const { entra } = simulator;
    provisioning({ simulator }, await storeToken());
    for (const job of entra.app.jobs) job.code = 'Paused';
    entra.faults.add({ path: /\/start$/, effect: 503 });
    await expect(pushProfile('entra', vault, 'acme', actor, { start: true }, context)).rejects.toMatchObject({
      remoteState: 'new',
    });
    expect(entra.requests.filter(({ path }) => path.endsWith('/start'))).toHaveLength(4);
  });
});
