import { describe, expect, it, onTestFinished } from 'vitest';
import { PushError } from '../../src/provisioning/push/push-error.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import type { Fault, FaultEffect } from '../../src/simulator/faults.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { provisioningMachine, storeToken } from '../support/provisioning/provisioning-cli.ts';
import {
  actor,
  fetchUntil,
  notification,
  type ProvisioningVault,
  provisioning,
  provisioningVault,
} from '../support/provisioning/provisioning-vault.ts';

/** Every request of a push, in order: the points where it can be interrupted. `skip` passes over earlier requests of the same kind. */
const points: {
  name: string;
  at: { path: RegExp; method: string; skip?: number };
  changes?: true;
  repeats?: false;
}[] = [
  { name: 'sign-in', at: { path: /\/oauth2\/v2\.0\/token$/, method: 'POST' } },
  { name: 'find the application', at: { path: /\/servicePrincipals$/, method: 'GET' } },
  { name: 'list the jobs', at: { path: /\/jobs$/, method: 'GET' } },
  { name: 'list the templates', at: { path: /\/templates$/, method: 'GET' } },
  { name: 'create the job', at: { path: /\/jobs$/, method: 'POST' }, changes: true, repeats: false },
  { name: 'read the settings', at: { path: /\/secrets$/, method: 'GET' } },
  { name: 'test the new token', at: { path: /\/validateCredentials$/, method: 'POST' } },
  { name: 'save', at: { path: /\/secrets$/, method: 'PUT' }, changes: true },
  { name: 'read back', at: { path: /\/secrets$/, method: 'GET', skip: 1 } },
  { name: 'test what is saved', at: { path: /\/validateCredentials$/, method: 'POST', skip: 1 } },
  { name: 'look at the job', at: { path: /\/jobs\/[^/]+$/, method: 'GET' } },
  { name: 'start', at: { path: /\/start$/, method: 'POST' }, changes: true },
];

const cut: FaultEffect = { effect: 'reset' };
const lost: FaultEffect = { effect: 'reset', applied: true };

/** Faults that last until all attempts have failed. */
function lasting({ changes }: { changes?: true }): [name: string, effect: FaultEffect][] {
  const always: [string, FaultEffect][] = [
    ['the network is cut', cut],
    ['503', { effect: 503 }],
  ];
  if (!changes) return always;
  return [...always, ['the response is lost', lost], ['a captive portal', { effect: 'html' }]];
}

/** Faults that happen once. */
function passing({ changes }: { changes?: true }): [name: string, effect: FaultEffect][] {
  const always: [string, FaultEffect][] = [
    ['the network is cut', cut],
    ['429', { effect: 429, retryAfter: 1 }],
  ];
  return changes ? [...always, ['the response is lost', lost]] : always;
}

function push({ vault, context }: ProvisioningVault) {
  return pushProfile('entra', vault, 'acme', actor, { start: true }, context);
}

/** The provider has a complete configuration, with the old token or the new one. */
function expectWhole(
  { simulator }: ProvisioningVault,
  old: string | undefined,
  accessToken: string,
): string | undefined {
  const { secrets } = simulator.entra.app;
  const has = secrets.get('SecretToken');
  expect([old, accessToken]).toContain(has);
  if (old !== undefined) expect(secrets.get('SyncNotificationSettings')).toBe(notification);
  if (has !== undefined) expect(secrets.get('BaseAddress')).toMatch(/\/v1\/scim\/ac3e0001-/);
  return has;
}

describe.each(points)('push entra, interrupted at: $name', (point) => {
  const { name, at, repeats } = point;
  const needsNewJob = /template|create the job/.test(name);
  // A paused job, so that `start` is reached; none if its creation is what is interrupted.
  async function prepared() {
    const world = await provisioningVault();
    const old = await world.storeToken();
    if (!needsNewJob) {
      provisioning(world, old);
      for (const job of world.simulator.entra.app.jobs) job.code = 'Paused';
    }
    const accessToken = await world.storeToken();
    return { world, old: needsNewJob ? undefined : old, accessToken };
  }

  it.each(lasting(point))(
    'leaves the old or the new token and finishes in the next run, after repeated faults: %s',
    async (_, effect) => {
      const { world, old, accessToken } = await prepared();
      world.simulator.entra.faults.add({ ...effect, ...at, times: 50 } as Fault);
      const error = await push(world).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      // A job that was created although the response was lost is found again, so this is not a failure.
      // Neither is a job that runs although the response to starting it was lost.
      const madeAllTheSame = ['create the job', 'start'].includes(name) && 'applied' in effect;
      if (!madeAllTheSame) {
        if (!(error instanceof PushError)) throw error ?? new Error('nothing went wrong');
        const has = expectWhole(world, old, accessToken);
        if (error.remoteState === 'before' || error.remoteState === 'before-with-job') expect(has).toBe(old);
        if (error.remoteState === 'new' || error.remoteState === 'new-untested')
          expect(has).toBe(accessToken);
        expect(error.message).not.toContain(accessToken);
      }
      world.simulator.entra.faults.clear();
      await push(world);
      expect(expectWhole(world, old, accessToken)).toBe(accessToken);
      expect(world.simulator.entra.app.jobs).toMatchObject([{ code: 'Active' }]);
    },
  );

  it.each(passing(point))('continues by itself after one fault: %s', async (_, effect) => {
    const { world, old, accessToken } = await prepared();
    world.simulator.entra.faults.add({ ...effect, ...at, times: 1 } as Fault);
    const pushed = push(world);
    if (repeats === false && effect.effect !== 429 && !('applied' in effect)) {
      // A request that creates something is not repeated: it may have succeeded.
      await expect(pushed).rejects.toMatchObject({ remoteState: 'before' });
      return;
    }
    await pushed;
    expect(expectWhole(world, old, accessToken)).toBe(accessToken);
    expect(world.simulator.entra.app.jobs).toHaveLength(1);
  });
});

const moments = points.flatMap((point) => [
  { ...point, moment: 'before it is done', applied: false },
  ...(point.changes ? [{ ...point, moment: 'after it is done', applied: true }] : []),
]);

describe('push entra, after its process was killed', () => {
  it.each(moments)(
    'leaves the old or the new token and finishes in the next run: $name, $moment',
    async ({ at, applied }) => {
      const world = await provisioningVault();
      const accessToken = await world.storeToken();
      const { fetch, reached } = fetchUntil({ ...at, applied });
      const ended = push({ ...world, context: { ...world.context, fetch } }).then(() => {
        throw new Error('it ended before');
      });
      await Promise.race([reached, ended]);
      const { app } = world.simulator.entra;
      expect([undefined, accessToken]).toContain(app.secrets.get('SecretToken'));

      const vault = await openVault(world.vault.settings);
      onTestFinished(() => closeVault(vault));
      await push({ ...world, vault });
      expect(app.secrets.get('SecretToken')).toBe(accessToken);
      expect(app.jobs).toMatchObject([{ code: 'Active' }]);
    },
  );
});

/** The system ends the process in the same way at every moment. */
describe('push entra, killed', () => {
  it.each(moments.filter(({ name }) => name === 'save'))(
    'leaves the old or the new token and finishes in the next run: $name, $moment',
    async ({ at, applied }) => {
      const machine = await provisioningMachine();
      const { simulator, run, spawn } = machine;
      const { entra } = simulator;
      const asked = entra.requests.length;
      entra.faults.add({ effect: 'hang', ...(applied && { applied }), ...at } as Fault);
      const running = spawn(['push', 'entra', 'acme', '--start']);
      const reached = () => {
        const seen = entra.requests
          .slice(asked)
          .filter(({ method, path }) => method === at.method && at.path.test(path));
        return seen.length > (at.skip ?? 0);
      };
      while (!reached()) {
        const ended = await Promise.race([
          running.finished,
          new Promise((resolve) => setTimeout(resolve, 10, null)),
        ]);
        if (ended !== null) throw new Error(`it ended before: ${JSON.stringify(ended)}`);
      }
      running.kill('SIGKILL');
      await running.finished;
      expect([undefined, machine.token.accessToken]).toContain(entra.app.secrets.get('SecretToken'));

      entra.faults.clear();
      const again = await run(['push', 'entra', 'acme', '--start']);
      expect(again).toMatchObject({ code: 0 });
      expect(entra.app.secrets.get('SecretToken')).toBe(machine.token.accessToken);
      expect(entra.app.jobs).toMatchObject([{ code: 'Active' }]);
    },
  );

  it('leaves the new token between saving and testing it, and the next run reports that', async () => {
    const machine = await provisioningMachine();
    await machine.run(['push', 'entra', 'acme', '--start']);
    const old = machine.token.accessToken;
    const renewed = await storeToken(machine);
    const { entra } = machine.simulator;
    entra.faults.add({ effect: 'hang', path: /\/validateCredentials$/, skip: 1 });
    const running = machine.spawn(['push', 'entra', 'acme']);
    await running.stderrMatching(/Saved values verified/);
    running.kill('SIGKILL');
    await running.finished;
    expect(entra.app.secrets.get('SecretToken')).toBe(renewed.accessToken);
    expect(renewed.accessToken).not.toBe(old);
    // Not recorded as installed, because its test did not pass.
    const shown = JSON.parse((await machine.run(['show', 'acme', '--json'])).stdout);
    expect(shown.destinations).toMatchObject([{ provider: 'entra', upToDate: false }]);
    entra.faults.clear();
    expect(await machine.run(['push', 'entra', 'acme'])).toMatchObject({ code: 0 });
  });
});
