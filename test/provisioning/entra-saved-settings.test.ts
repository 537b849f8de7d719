import { describe, expect, it } from 'vitest';
import { pushProfileToEntra } from '../../src/provisioning/entra/push/push-profile.ts';
import { actor, handoffVault, provisioning } from '../support/provisioning/provisioning-vault.ts';

describe('what Microsoft Graph shows of the saved settings', () => {
  it.each(['masked', 'none'] as const)(
    'may be hidden (%s): the test of what is saved decides',
    async (shown) => {
      const { vault, ports, simulator, holdToken, steps } = await handoffVault();
      simulator.entra.settings.shownSecrets = shown;
      const accessToken = await holdToken();
      await pushProfileToEntra(vault, 'acme', actor, {}, ports);
      expect(simulator.entra.app.secrets.get('SecretToken')).toBe(accessToken);
      expect(steps.find(({ step }) => step === 'read-back')).toMatchObject({
        status: 'done',
        message: expect.stringContaining('does not show what is saved'),
      });
      await pushProfileToEntra(vault, 'acme', actor, {}, ports);
    },
  );

  it('fails the push when the hidden settings do not pass their test', async () => {
    const { vault, ports, simulator, holdToken } = await handoffVault();
    simulator.entra.settings.shownSecrets = 'masked';
    await holdToken();
    simulator.entra.faults.add({ path: /validateCredentials$/, answer: 403, skip: 1 });
    await expect(pushProfileToEntra(vault, 'acme', actor, {}, ports)).rejects.toMatchObject({
      inPlace: 'new-untested',
    });
  });
});

describe('starting a job', () => {
  it('is not repeated once the job runs, although the answer was lost', async () => {
    const { vault, ports, simulator, holdToken } = await handoffVault();
    const { entra } = simulator;
    provisioning({ simulator }, await holdToken());
    for (const job of entra.app.jobs) job.code = 'Paused';
    entra.faults.add({ path: /\/start$/, answer: 'reset', applied: true });
    await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
    expect(entra.requests.filter(({ path }) => path.endsWith('/start'))).toHaveLength(1);
    expect(entra.app.jobs).toMatchObject([{ code: 'Active' }]);
  });

  it('is repeated where the job still does not run, a bounded number of times', async () => {
    const { vault, ports, simulator, holdToken } = await handoffVault();
    const { entra } = simulator;
    provisioning({ simulator }, await holdToken());
    for (const job of entra.app.jobs) job.code = 'Paused';
    entra.faults.add({ path: /\/start$/, answer: 503 });
    await expect(pushProfileToEntra(vault, 'acme', actor, { start: true }, ports)).rejects.toMatchObject({
      inPlace: 'new',
    });
    expect(entra.requests.filter(({ path }) => path.endsWith('/start'))).toHaveLength(4);
  });
});
