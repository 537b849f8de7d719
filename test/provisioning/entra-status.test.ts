import { describe, expect, it } from 'vitest';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { syncJob } from '../../src/provisioning/entra/graph/objects.ts';
import { inspectProvisioning } from '../../src/provisioning/entra/status/inspect.ts';
import {
  describeStatus,
  quarantineDaysLeft,
  statusOf,
} from '../../src/provisioning/entra/status/provisioning-status.ts';
import { checkProvisioning, dailyStatusCheck } from '../../src/provisioning/entra/status/status-checks.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { rescheduleStatusChecks } from '../../src/store/destinations.ts';
import { actor, provisioningVault } from '../support/provisioning/provisioning-vault.ts';

const day = 86_400_000;
const began = Date.UTC(2027, 2, 1, 12);

const quarantined = statusOf(
  syncJob.parse({
    id: 'job-1',
    status: {
      code: 'Quarantine',
      lastExecution: {
        state: 'Failed',
        timeBegan: '2027-03-01T11:59:00Z',
        timeEnded: '2027-03-01T12:00:00Z',
        countEscrowed: 3,
      },
      lastSuccessfulExecution: { state: 'Succeeded', timeEnded: '2027-02-28T12:00:00Z' },
      quarantine: {
        reason: 'EncounteredQuarantineException',
        seriesBegan: '2027-03-01T12:00:00Z',
        currentBegan: '2027-03-05T12:00:00Z',
        nextAttempt: '2027-03-06T12:00:00Z',
      },
    },
  }),
);

describe('the provisioning status', () => {
  it('counts 28 days from the start of the quarantine, not from the last check', () => {
    expect(quarantineDaysLeft(quarantined, began)).toBe(28);
    expect(quarantineDaysLeft(quarantined, began + 27.5 * day)).toBe(0);
    expect(quarantineDaysLeft(quarantined, began + 40 * day)).toBe(0);
    expect(quarantineDaysLeft({ ...quarantined, quarantine: null }, began)).toBeNull();
  });

  it('describes what happens, why, since when and until when', () => {
    expect(describeStatus(quarantined, began + 4 * day)).toEqual([
      'Provisioning is in quarantine. Entra ID retries less and less often.',
      'Reason: Webex did not accept the credentials, or did not respond as expected.',
      'In quarantine since 2027-03-01T12:00:00.000Z.',
      'Entra ID disables it in 24 days.',
      'The last cycle ended 2027-03-01T12:00:00.000Z: failed, 3 entries failed.',
      'The last cycle without errors ended 2027-02-28T12:00:00.000Z.',
    ]);
  });

  it('accepts the zero date of Graph and unknown values', () => {
    const job = syncJob.parse({
      id: 'job-1',
      status: {
        code: 'Hibernating',
        lastExecution: { state: 'Novel', timeEnded: '0001-01-01T00:00:00Z' },
        quarantine: null,
      },
    });
    expect(describeStatus(statusOf(job), began)).toEqual([
      'Provisioning has the status "Hibernating".',
      'The last cycle is in progress: Novel.',
    ]);
    expect(describeStatus(statusOf({ id: 'job-1', status: null }), began)).toHaveLength(1);
  });

  it('keeps the earlier start of a quarantine if Graph omits it', () => {
    const renewed = syncJob.parse({
      id: 'job-1',
      status: {
        code: 'Quarantine',
        quarantine: { reason: 'EncounteredQuarantineException', currentBegan: '2027-03-05T12:00:00Z' },
      },
    });
    expect(statusOf(renewed).quarantine?.since).toBe(began + 4 * day);
    expect(statusOf(renewed, quarantined).quarantine?.since).toBe(began);
  });

  it('is checked for every destination unattended, and stored', async () => {
    let now = began;
    const world = await provisioningVault(undefined, () => now);
    const { vault, context, simulator, storeToken } = world;
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    simulator.revoke('full-admin');
    now += day;
    await simulator.entra.runCycle();
    now += 2 * day;
    const [result] = await checkProvisioning(vault, context);
    expect(result).toMatchObject({ failure: null, status: { status: 'Quarantine' } });
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      {
        provisioning: {
          status: 'Quarantine',
          quarantineDaysLeft: 26,
          checkedAt: new Date(now).toISOString(),
        },
      },
    ]);
    // Without another check, the days count down.
    now += 10 * day;
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { provisioning: { quarantineDaysLeft: 16 } },
    ]);
  });

  it('stays as it was if a check fails, and the reason is reported', async () => {
    const { vault, context, simulator, storeToken } = await provisioningVault();
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    simulator.entra.faults.add({ path: /jobs$/, effect: 503 });
    const [result] = await checkProvisioning(vault, context);
    expect(result).toMatchObject({ status: null, failure: { message: expect.stringMatching(/503/) } });
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { provisioning: { status: 'Active' }, checkError: expect.stringMatching(/503/) },
    ]);
    simulator.entra.faults.clear();
    await checkProvisioning(vault, context);
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ checkError: null }]);
  });

  it('is checked once a day in one of several processes, and sooner after a failure', async () => {
    let now = began;
    const { vault, context, simulator, storeToken } = await provisioningVault(undefined, () => now);
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    const next = dailyStatusCheck(vault, context, () => 0.5);
    const both = await Promise.all([next(), dailyStatusCheck(vault, context, () => 0.5)()]);
    expect(both.filter((each) => each !== null)).toHaveLength(1);
    const check = async () => {
      const found = await next();
      return found === null ? 'nothing is due' : (found.failure?.message ?? found.status?.status);
    };
    expect(await check()).toBe('nothing is due');
    now += day - 1;
    expect(await check()).toBe('nothing is due');
    simulator.entra.faults.add({ path: /jobs$/, effect: 503 });
    now += 1;
    expect(await check()).toMatch(/503/);
    simulator.entra.faults.clear();
    now += 3_600_000;
    expect(await check()).toBe('Active');
    expect(await check()).toBe('nothing is due');
  });

  it('is checked with a new sign-in after the clock was a year ahead', async () => {
    let now = began;
    const { vault, context, simulator, storeToken } = await provisioningVault(undefined, () => now);
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    const next = dailyStatusCheck(vault, context, () => 0.5);
    now = began + 365 * day;
    const removeFault = simulator.entra.faults.add({ path: /token$/, effect: 503 });
    expect(await next()).toMatchObject({ status: null });
    removeFault();
    now = began + day;
    await rescheduleStatusChecks(vault.db);
    expect(await next()).toMatchObject({ failure: null, status: { status: 'Active' } });
  });

  it('is stored with the findings of a push and of a check', async () => {
    let now = began;
    const { vault, context, simulator, storeToken } = await provisioningVault(undefined, () => now);
    await storeToken();
    await pushProfile('entra', vault, 'acme', actor, { start: true }, context);
    const [atFirst] = await listDestinations(vault, 'acme');
    expect(atFirst?.review).toMatchObject({ checkedAt: new Date(now).toISOString() });
    const [mapping] = simulator.entra.app.jobs;
    if (mapping !== undefined) mapping.schema = { synchronizationRules: [] };
    now += day;
    await inspectProvisioning(vault, 'acme', context);
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      {
        review: {
          checkedAt: new Date(now).toISOString(),
          findings: expect.arrayContaining([expect.objectContaining({ id: 'no-user-mapping' })]),
        },
      },
    ]);
  });
});
