import { expect, test } from 'vitest';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { syncJob } from '../../src/provisioning/entra/graph/objects.ts';
import { pushProfileToEntra } from '../../src/provisioning/entra/push/push-profile.ts';
import { inspectProvisioning } from '../../src/provisioning/entra/status/inspect.ts';
import {
  describeStatus,
  quarantineDaysLeft,
  statusOf,
} from '../../src/provisioning/entra/status/provisioning-status.ts';
import { checkProvisioning, dailyStatusCheck } from '../../src/provisioning/entra/status/status-checks.ts';
import { actor, handoffVault } from '../support/provisioning/provisioning-vault.ts';

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

test('the 28 days count from when the quarantine began, not from its last look', () => {
  expect(quarantineDaysLeft(quarantined, began)).toBe(28);
  expect(quarantineDaysLeft(quarantined, began + 27.5 * day)).toBe(0);
  expect(quarantineDaysLeft(quarantined, began + 40 * day)).toBe(0);
  expect(quarantineDaysLeft({ ...quarantined, quarantine: null }, began)).toBeNull();
});

test('says in plain words what it is, why, since when and until when', () => {
  expect(describeStatus(quarantined, began + 4 * day)).toEqual([
    'Provisioning is in quarantine: Entra ID tries again ever more rarely.',
    'The reason: Webex did not accept the credentials, or did not answer as it should.',
    'It has been so since 2027-03-01T12:00:00.000Z.',
    'Entra ID disables it in 24 days.',
    'The last cycle ended 2027-03-01T12:00:00.000Z: it failed, 3 entries failed.',
    'The last one without errors ended 2027-02-28T12:00:00.000Z.',
  ]);
});

test('what Graph calls never, and words that are new, do no harm', () => {
  const job = syncJob.parse({
    id: 'job-1',
    status: {
      code: 'Hibernating',
      lastExecution: { state: 'Novel', timeEnded: '0001-01-01T00:00:00Z' },
      quarantine: null,
    },
  });
  expect(describeStatus(statusOf(job), began)).toEqual([
    'Provisioning is in the state "Hibernating".',
    'The last cycle is under way: Novel.',
  ]);
  expect(describeStatus(statusOf({ id: 'job-1', status: null }), began)).toHaveLength(1);
});

test('where Graph leaves out when a quarantine began, it goes on from when it was first seen', () => {
  const imposedAnew = syncJob.parse({
    id: 'job-1',
    status: {
      code: 'Quarantine',
      quarantine: { reason: 'EncounteredQuarantineException', currentBegan: '2027-03-05T12:00:00Z' },
    },
  });
  expect(statusOf(imposedAnew).quarantine?.since).toBe(began + 4 * day);
  expect(statusOf(imposedAnew, quarantined).quarantine?.since).toBe(began);
});

test('looks at every place without a person, and keeps what it learns', async () => {
  let now = began;
  const world = await handoffVault(undefined, () => now);
  const { vault, ports, simulator, holdToken } = world;
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  simulator.revoke('full-admin');
  now += day;
  await simulator.entra.runCycle();
  now += 2 * day;
  const [watched] = await checkProvisioning(vault, ports);
  expect(watched).toMatchObject({ failure: null, watch: { status: 'Quarantine' } });
  expect(await listDestinations(vault, 'acme')).toMatchObject([
    {
      provisioning: { status: 'Quarantine', quarantineDaysLeft: 26, checkedAt: new Date(now).toISOString() },
    },
  ]);
  // Without looking again the days go down.
  now += 10 * day;
  expect(await listDestinations(vault, 'acme')).toMatchObject([{ provisioning: { quarantineDaysLeft: 16 } }]);
});

test('a place that cannot be asked says why, and keeps what was known', async () => {
  const { vault, ports, simulator, holdToken } = await handoffVault();
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  simulator.entra.faults.add({ path: /jobs$/, answer: 503 });
  const [watched] = await checkProvisioning(vault, ports);
  expect(watched).toMatchObject({ watch: null, failure: { message: expect.stringMatching(/503/) } });
  expect(await listDestinations(vault, 'acme')).toMatchObject([
    { provisioning: { status: 'Active' }, lookFailure: expect.stringMatching(/503/) },
  ]);
  simulator.entra.faults.clear();
  await checkProvisioning(vault, ports);
  expect(await listDestinations(vault, 'acme')).toMatchObject([{ lookFailure: null }]);
});

test('each place is looked at once a day, by one of several processes, and sooner where it failed', async () => {
  let now = began;
  const { vault, ports, simulator, holdToken } = await handoffVault(undefined, () => now);
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  const next = dailyStatusCheck(vault, ports, () => 0.5);
  const both = await Promise.all([next(), dailyStatusCheck(vault, ports, () => 0.5)()]);
  expect(both.filter((each) => each !== null)).toHaveLength(1);
  const looks = async () => {
    const found = await next();
    return found === null ? 'none is due' : (found.failure?.message ?? found.watch?.status);
  };
  expect(await looks()).toBe('none is due');
  now += day - 1;
  expect(await looks()).toBe('none is due');
  simulator.entra.faults.add({ path: /jobs$/, answer: 503 });
  now += 1;
  expect(await looks()).toMatch(/503/);
  simulator.entra.faults.clear();
  now += 3_600_000;
  expect(await looks()).toBe('Active');
  expect(await looks()).toBe('none is due');
});

test('what a look or a hand-over found about the set-up stays to be told', async () => {
  let now = began;
  const { vault, ports, simulator, holdToken } = await handoffVault(undefined, () => now);
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  const [atFirst] = await listDestinations(vault, 'acme');
  expect(atFirst?.review).toMatchObject({ checkedAt: new Date(now).toISOString() });
  const [mapping] = simulator.entra.app.jobs;
  if (mapping !== undefined) mapping.schema = { synchronizationRules: [] };
  now += day;
  await inspectProvisioning(vault, 'acme', ports);
  expect(await listDestinations(vault, 'acme')).toMatchObject([
    {
      review: {
        checkedAt: new Date(now).toISOString(),
        findings: expect.arrayContaining([expect.objectContaining({ id: 'no-user-mapping' })]),
      },
    },
  ]);
});
