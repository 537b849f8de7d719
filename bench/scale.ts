import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../src/api/app.ts';
import { readSettings } from '../src/config/settings.ts';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { queryProfiles } from '../src/store/profiles/query.ts';
import { dueChecks } from '../src/store/profiles/token-checks.ts';
import { dueTokens } from '../src/store/reminders/reminders.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import type { Vault } from '../src/vault/context.ts';
import type { ProfileRow } from '../src/vault/profiles/csv-row.ts';
import { importBatchSize, importProfiles, planImport } from '../src/vault/profiles/import-profiles.ts';
import { captureRedirect } from '../src/vault/sign-in/capture-redirect.ts';
import { startSignIn } from '../src/vault/sign-in/start-sign-in.ts';
import { closeVault, openVault } from '../src/vault/vault.ts';
import { fillStore } from './fill-store.ts';
import { median } from './statistics.ts';

/*
 * What each operation costs with 1,000 profiles held and with 1,000,000, on SQLite and on PostgreSQL: it should be the
 * same within a factor of two. The largest size is left out unless it is asked for (`--million`): to fill it alone takes
 * minutes. PostgreSQL runs on this machine too, with its usual settings.
 */
const sizes = [1_000, 10_000, 100_000, ...(process.argv.includes('--million') ? [1_000_000] : [])];
const now = Date.UTC(2027, 0, 1);
const actor = { user: 'bench' };

type Costs = Record<string, number>;

async function costs(databaseUrl: string, size: number): Promise<Costs> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
  const home = join(folder, 'home');
  const settings = readSettings({
    ...process.env,
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
    WEBEX_TOKEN_DATABASE_URL: databaseUrl,
    WEBEX_TOKEN_PASSPHRASE: '',
  });
  const open = () =>
    openVault(settings, { now: () => now, fetch: () => Promise.reject(new Error('offline')) });
  let vault = await open();
  try {
    await fillStore(vault.db, size, now);
    const found: Costs = {};
    found['open the store'] = await times(9, async () => {
      await closeVault(vault);
      const start = performance.now();
      vault = await open();
      return performance.now() - start;
    });
    found['import, per profile with its token'] = await importing(vault);
    found['capture: start of sign-in to stored token'] = await times(41, (at) => capture(vault, at));
    found['token endpoint, per request'] = await reading(vault);
    found['due: reminders and checks'] = await times(41, () =>
      timed(async () => {
        await dueTokens(vault.db, 'mail', now, 100);
        await dueChecks(vault.db, now, 100);
      }),
    );
    found['dashboard, first page and totals'] = await times(21, () =>
      timed(() => queryProfiles(vault.db, { sort: 'urgency', limit: 50, now })),
    );
    return found;
  } finally {
    await closeVault(vault);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The median of so many, after a few that do not count. */
async function times(count: number, run: (at: number) => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let at = -3; at < count; at += 1) {
    const ms = await run(at);
    if (at >= 0) found.push(ms);
  }
  return median(found);
}

async function importing(vault: Vault): Promise<number> {
  return await times(5, async (at) => {
    const rows = Array.from({ length: importBatchSize }, (_, line): ProfileRow => {
      const profile = `new-${at}-${line}`;
      const token = {
        accessToken: `fake-token-for-${profile}`,
        orgId: null,
        deployment: null,
        capturedAt: now,
        expiresAt: undefined,
      };
      return {
        line,
        profile,
        typedName: null,
        displayName: undefined,
        orgId: undefined,
        deployment: 'commercial',
        contact: 'a@b.example',
        tags: ['new'],
        token,
      };
    });
    const ms = await timed(async () => {
      await planImport(vault, rows);
      await importProfiles(vault, rows, actor);
    });
    return ms / importBatchSize;
  });
}

async function capture(vault: Vault, at: number): Promise<number> {
  return await timed(async () => {
    const { authorizeUrl } = await startSignIn(vault, { profile: `captured-${at}` }, 'browser');
    const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
    const fragment = `#access_token=fake-token-${at}&token_type=Bearer&expires_in=${365 * 86_400 - 1}&state=${state}`;
    await captureRedirect(vault, fragment, 'browser', {});
  });
}

async function reading(vault: Vault): Promise<number> {
  const { secret } = await addClient(vault, { name: 'bench', profiles: ['new-0-0'] }, actor);
  const quiet = { error: () => {}, warn: () => {} };
  const api = createApi({
    vault,
    log: quiet,
    issuer: 'http://localhost',
    probes: { ready: async () => {} },
  });
  const server = createServer(api.app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`;
  const body = `grant_type=client_credentials&client_id=bench&client_secret=${secret}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const ms = await times(101, () =>
    timed(async () => {
      const answer = await fetch(url, { method: 'POST', body, headers });
      if (!answer.ok) throw new Error(await answer.text());
      await answer.arrayBuffer();
    }),
  );
  server.closeAllConnections();
  server.close();
  await api.close();
  return ms;
}

const table: string[][] = [];
const postgres = await startPostgres({ flags: ['-c', 'fsync=on'] });
try {
  for (const engine of ['SQLite', 'PostgreSQL']) {
    const columns: Costs[] = [];
    for (const size of sizes) {
      process.stderr.write(`${engine}, ${size.toLocaleString('en')} profiles …\n`);
      const database = `bench_${size}`;
      if (engine === 'PostgreSQL') await postgres.createDatabase(database);
      columns.push(await costs(engine === 'PostgreSQL' ? postgres.url + database : '', size));
    }
    for (const operation of Object.keys(columns[0] ?? {})) {
      const values = columns.map((each) => each[operation] ?? Number.NaN);
      const growth = (values.at(-1) ?? Number.NaN) / (values[0] ?? Number.NaN);
      table.push([engine, operation, ...values.map((ms) => ms.toFixed(2)), `× ${growth.toFixed(1)}`]);
    }
  }
} finally {
  await postgres.stop();
}
const head = ['Engine', 'Milliseconds', ...sizes.map((size) => size.toLocaleString('en')), 'Growth'];
const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; medians\n\n`);
process.stdout.write(
  line(head) + line(head.map((_, at) => (at < 2 ? '---' : '---:'))) + table.map(line).join(''),
);
