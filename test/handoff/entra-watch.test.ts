import { expect, test } from 'vitest';
import { syncJob } from '../../src/handoff/entra/graph-objects.ts';
import { pushProfileToEntra } from '../../src/handoff/entra/push-profile.ts';
import { describeWatch, quarantineDaysLeft, watchOf } from '../../src/handoff/entra/watch.ts';
import { watchHandoffs } from '../../src/handoff/entra/watch-handoffs.ts';
import { describeHandoffs, quarantineNotices } from '../../src/handoff/handoffs.ts';
import { actor, handoffVault } from './handoff-vault.ts';

const day = 86_400_000;
const began = Date.UTC(2027, 2, 1, 12);

const quarantined = watchOf(
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
  expect(describeWatch(quarantined, began + 4 * day)).toEqual([
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
  expect(describeWatch(watchOf(job), began)).toEqual([
    'Provisioning is in the state "Hibernating".',
    'The last cycle is under way: Novel.',
  ]);
  expect(describeWatch(watchOf({ id: 'job-1', status: null }), began)).toHaveLength(1);
});

test('looks at every place without a person, keeps what it learns, and reminds of a quarantine', async () => {
  let now = began;
  const world = await handoffVault(undefined, () => now);
  const { vault, ports, simulator, holdToken } = world;
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  simulator.revoke('full-admin');
  now += day;
  await simulator.entra.runCycle();
  expect(await quarantineNotices(vault)).toEqual([]);

  now += 2 * day;
  const [watched] = await watchHandoffs(vault, ports);
  expect(watched).toMatchObject({ failure: null, watch: { status: 'Quarantine' } });
  expect(await quarantineNotices(vault)).toMatchObject([
    { profile: 'acme', daysLeft: 26, message: expect.stringMatching(/webex-token push entra acme/) },
  ]);
  expect(await describeHandoffs(vault, 'acme')).toMatchObject([
    {
      provisioning: { status: 'Quarantine', quarantineDaysLeft: 26, checkedAt: new Date(now).toISOString() },
    },
  ]);
  // Without looking again the days go down.
  now += 10 * day;
  expect(await quarantineNotices(vault)).toMatchObject([{ daysLeft: 16 }]);
});

test('a place that cannot be asked says why, and keeps what was known', async () => {
  const { vault, ports, simulator, holdToken } = await handoffVault();
  await holdToken();
  await pushProfileToEntra(vault, 'acme', actor, { start: true }, ports);
  simulator.entra.faults.add({ path: /jobs$/, answer: 503 });
  const [watched] = await watchHandoffs(vault, ports);
  expect(watched).toMatchObject({ watch: null, failure: { message: expect.stringMatching(/503/) } });
  expect(await describeHandoffs(vault, 'acme')).toMatchObject([{ provisioning: { status: 'Active' } }]);
});
