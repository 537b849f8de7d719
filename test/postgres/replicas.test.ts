import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verifyAudit } from '../../src/store/audit/audit.ts';
import { addClient, removeClient } from '../../src/vault/clients/clients.ts';
import { parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { importProfiles } from '../../src/vault/profiles/import-profiles.ts';
import { createAccessLink, redeemAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { createSignInLink, startFromLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { profileWithToken } from '../support/api-server.ts';
import { compileCache } from '../support/setup/compile-cache.ts';
import {
  actor,
  fragment,
  newVault,
  startedSignIn,
  type TestVault,
  today,
} from '../support/vault/test-vault.ts';

const script = join(import.meta.dirname, '../support/processes/replica.ts');

interface Replica {
  port: number;
  child: ChildProcess;
}

/** Another process on the vault's store, with the same key. */
async function replica(vault: TestVault, receiver: string): Promise<Replica> {
  const { databaseUrl, home } = vault.settings;
  const child = spawn(process.execPath, [script, receiver, String(today)], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: compileCache,
      WEBEX_TOKEN_DATABASE_URL: databaseUrl ?? '',
      WEBEX_TOKEN_HOME: home,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

async function killed({ child }: Replica): Promise<void> {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

/** Accepts messages, but confirms them only later while it is held, so that the sender can be killed in between. */
async function receiver(): Promise<{ url: string; received: string[]; pause(): () => void }> {
  const received: string[] = [];
  let held: Promise<void> = Promise.resolve();
  const server = createServer(async (request, response) => {
    received.push(Buffer.concat(await request.toArray()).toString());
    await held;
    setTimeout(() => response.end(), 5);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    pause: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
}

/** Another vault on the same store, with its own connections. */
function another(vault: TestVault): Promise<TestVault> {
  return newVault(undefined, { settings: vault.settings });
}

describe('replicas', () => {
  it('send every reminder, and none twice unless its sender was killed while sending', async () => {
    const vault = await newVault();
    const names = Array.from({ length: 70 }, (_, at) => `customer-${at}`);
    const rows = names.map((profile, at) => {
      const cells = {
        profile,
        access_token: `fake-token-${at}`,
        captured_at: '2026-04-01T00:00:00Z',
        expires_at: new Date(today + (5 + (at % 3)) * 86_400_000).toISOString(),
      };
      return parseProfileRow({ line: at, cells }, today);
    });
    await importProfiles(
      vault,
      rows.filter((row) => 'profile' in row),
      actor,
    );

    const { url, received, pause } = await receiver();
    const replicas = await Promise.all([1, 2, 3].map(() => replica(vault, url)));
    const kills = 3;
    for (let kill = 0; kill < kills; kill += 1) {
      await expect.poll(() => received.length).toBeGreaterThan(kill * 15);
      const resume = pause();
      const at = Math.floor(Math.random() * replicas.length);
      const victim = replicas[at];
      if (victim !== undefined) await killed(victim);
      // Before another one starts: what the others are sending is not held for as long as that takes.
      resume();
      replicas[at] = await replica(vault, url);
    }
    const sent = () =>
      vault.db.selectFrom('reminder').select('token_id').where('state', '=', 'sent').execute();
    await expect.poll(async () => (await sent()).length).toBe(names.length);
    const told = new Set(received.map((text) => text.split(' ')[0]));
    expect([...told].sort()).toEqual([...names].sort());
    expect(received.length - told.size).toBeLessThanOrEqual(kills);
  });

  it('log every token that was returned in a valid chain, even if they are killed at random', async () => {
    const vault = await newVault();
    const token = await profileWithToken(vault, 'acme');
    const { secret } = await addClient(vault, { name: 'job', profiles: ['acme'] }, actor);
    const { url } = await receiver();
    const replicas = await Promise.all([replica(vault, url), replica(vault, url)]);
    let answered = 0;
    let over = false;
    const ask = async (at: number) => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'job',
        client_secret: secret ?? '',
      });
      const answer = await fetch(`http://127.0.0.1:${replicas[at]?.port}/oauth/token`, {
        method: 'POST',
        body,
      });
      return (await answer.json()) as { access_token?: string; error?: string };
    };
    let mayAsk: Promise<void> = Promise.resolve();
    const askers = Array.from({ length: 8 }, async (_, at) => {
      for (;;) {
        await mayAsk;
        if (over) return;
        // A killed replica does not respond; a load balancer would use the other one.
        const answer = await ask(at % 2).catch(() => null);
        if (answer === null) await sleep(20);
        else if (answer.access_token === token) answered += 1;
      }
    });
    for (let kills = 0; kills < 2; kills += 1) {
      const before = answered;
      await expect.poll(() => answered).toBeGreaterThan(before + 30);
      const victim = replicas[kills % 2];
      if (victim !== undefined) await killed(victim);
      // While another one starts, requests without pauses would only slow that down.
      const { promise, resolve } = Promise.withResolvers<void>();
      mayAsk = promise;
      replicas[kills % 2] = await replica(vault, url);
      resolve();
    }

    await removeClient(vault, 'job', actor);
    // Once the removal is confirmed, the client is removed on every replica.
    const after = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(at % 2)));
    expect(after.filter(({ access_token }) => access_token !== undefined)).toEqual([]);
    over = true;
    await Promise.all(askers);
    const reads = await vault.db
      .selectFrom('audit')
      .select('seq')
      .where('action', '=', 'read')
      .where('outcome', '=', 'ok')
      .execute();
    expect(reads.length).toBeGreaterThanOrEqual(answered);
    expect((await verifyAudit(vault.db)).broken).toBeNull();
  });

  it('accept a one-time secret once among all of them', async () => {
    const vault = await newVault();
    const vaults = [vault, await another(vault), await another(vault)];
    const many = <T>(use: (vault: TestVault) => Promise<T>) =>
      Promise.allSettled(vaults.flatMap((each) => Array.from({ length: 8 }, () => use(each))));
    const good = <T>(results: PromiseSettledResult<T>[]) =>
      results.filter((result) => result.status === 'fulfilled' && result.value !== false);

    const entry = await createAccessLink(vault);
    expect(good(await many((each) => redeemAccessLink(each, entry)))).toHaveLength(1);

    const { link } = await createSignInLink(vault, { profile: 'acme' });
    expect(good(await many((each) => startFromLink(each, link, 'browser')))).toHaveLength(1);

    const state = await startedSignIn(vault, { profile: 'globex' });
    const answer = fragment({ access_token: 'fake-token-for-globex-1', state });
    expect(good(await many((each) => captureRedirect(each, answer, 'this browser', actor)))).toHaveLength(1);
    expect(await vault.db.selectFrom('token').select('id').execute()).toHaveLength(1);
  });
});
