import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBackgroundJobs, startDelayMs } from '../../src/background/background-jobs.ts';
import { sleep } from '../../src/background/sleep.ts';
import { readSettings } from '../../src/config/settings.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { type Machine, machine, program } from '../support/cli/cli-process.ts';
import { BrowserByHand, printedLink } from '../support/cli/follow-link.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';
import { noKeychain } from '../support/vault/test-vault.ts';

const secret = 'a secret for these tests';

/** A receiver of plain webhooks. */
async function receiver() {
  const events: { event: string; profile: string }[] = [];
  const signatures: boolean[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    // `doctor` only connects.
    if (body === '') return void response.end();
    const hmac = createHmac('sha256', secret).update(body).digest('hex');
    signatures.push(request.headers['x-webex-token-signature'] === `sha256=${hmac}`);
    events.push(JSON.parse(body));
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    events,
    signatures,
    environment: {
      WEBEX_TOKEN_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
      WEBEX_TOKEN_WEBHOOK_SECRET: secret,
    },
  };
}

/** A hook that is a shell script. */
function hook(text: string): string {
  const file = join(temporaryFolder(), 'after-renewal');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o700);
  return file;
}

const offline = { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' };

/** Makes the retry due now. */
function skipPause(here: Machine): void {
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: ${stepHangsMs} })
    .exec('update activation set hook_next_at = 0 where hook_next_at is not null')`;
  execFileSync(process.execPath, ['-e', script, join(here.home, 'store.db')]);
}

/** The background jobs of a server, each once, without its pause after the start. Returns a function that ends them. */
async function startJobsOf(here: Machine): Promise<() => Promise<void>> {
  const vault = await openVault(readSettings(here.environment), {
    keychain: noKeychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
  const jobs = startBackgroundJobs(vault, {
    log: quietLog(),
    random: () => 0,
    pause: (ms, signal) => (ms === startDelayMs ? Promise.resolve() : sleep(ms, signal)),
  });
  return async () => {
    await jobs.close();
    await closeVault(vault);
  };
}

describe.skipIf(process.platform === 'win32')('WEBEX_TOKEN_RENEWAL_HOOK', () => {
  test('runs after an import with the profile in its environment, and can fetch the token', async () => {
    const seen = join(temporaryFolder(), 'seen');
    // Left behind by the hook, which may not run as long as a busy machine needs to start a Node.
    const fetched = `'${process.execPath}' '${program}' get "$WEBEX_TOKEN_PROFILE"`;
    const { events, signatures, environment } = await receiver();
    const here = await machine(undefined, {
      ...offline,
      ...environment,
      WEBEX_TOKEN_RENEWAL_HOOK: hook(
        `env > '${seen}.env'; fetch() { ${fetched} > '${seen}.part' && mv '${seen}.part' '${seen}'; }
         fetch > '${seen}.log' 2>&1 & echo "deployed to $WEBEX_TOKEN_PROFILE"`,
      ),
    });
    const seenToken = () => (existsSync(seen) ? readFileSync(seen, 'utf8') : null);
    const { code, stdout, stderr } = await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('hook (acme): deployed to acme');
    await expect.poll(seenToken).toBe('fake-token-for-acme-1\n');
    const given = readFileSync(`${seen}.env`, 'utf8');
    expect(given).toContain('WEBEX_TOKEN_PROFILE=acme');
    expect(given).not.toContain('fake-token');
    expect(given).not.toContain(secret);
    // A first token is not a renewal.
    expect(events).toEqual([]);
    expect((await here.run(['import', 'acme'], 'fake-token-for-acme-2')).code).toBe(0);
    await expect.poll(seenToken).toBe('fake-token-for-acme-2\n');
    expect(events).toMatchObject([{ event: 'renewed', profile: 'acme' }]);
    expect(signatures).toEqual([true]);
    const shown = JSON.parse((await here.run(['show', 'acme', '--json'])).stdout);
    expect(shown.renewalHook).toMatchObject({ state: 'succeeded', attempts: 1, lastError: null });
    expect((await here.run(['show', 'acme'])).stdout).toMatch(/Renewal hook +succeeded on/);
  });

  test('delays nothing if it fails, is shown, and is tried again by remind and the jobs of a server', async () => {
    const folder = temporaryFolder();
    const { events, environment } = await receiver();
    const here = await machine(undefined, {
      ...offline,
      ...environment,
      WEBEX_TOKEN_RENEWAL_HOOK: hook(
        `echo x >> '${folder}/runs'; [ -e '${folder}/repaired' ] || { echo "no such service" >&2; exit 3; }`,
      ),
    });
    const imported = await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    expect(imported.code).toBe(0);
    expect(imported.stderr).toContain(
      'The renewal hook for "acme" failed: it exited with code 3: no such service.',
    );
    expect((await here.run(['get', 'acme'])).stdout).toBe('fake-token-for-acme-1\n');
    expect(events.map(({ event }) => event)).toEqual(['hook-failed']);
    const shown = await here.run(['show', 'acme']);
    expect(shown.stdout).toMatch(/Renewal hook +failed once: it exited with code 3: no such service\. Next/);
    expect((await here.run(['doctor'])).stdout).toContain('fails for "acme": it exited with code 3');
    const runs = () => readFileSync(join(folder, 'runs'), 'utf8').length / 2;
    // Too early.
    await here.run(['remind']);
    expect(runs()).toBe(1);
    skipPause(here);
    expect((await here.run(['remind'])).stderr).toContain('The renewal hook for "acme" failed');
    expect(runs()).toBe(2);
    writeFileSync(join(folder, 'repaired'), '');
    skipPause(here);
    const stop = await startJobsOf(here);
    // The hook counts its run when it begins, and its result is stored later.
    const hookState = async () => JSON.parse((await here.run(['show', 'acme', '--json'])).stdout).renewalHook;
    await expect.poll(async () => (await hookState()).state).toBe('succeeded');
    await stop();
    expect(runs()).toBe(3);
    expect(await hookState()).toMatchObject({ state: 'succeeded', lastError: null, failingSince: null });
    // One series of failures is one event.
    expect(events.map(({ event }) => event)).toEqual(['hook-failed']);
  });

  test('runs once, in the server that captured the token, and its failure is sent at once', async () => {
    const seen = join(temporaryFolder(), 'seen');
    const { events, environment } = await receiver();
    const here = await machine(await simulated(), {
      ...environment,
      WEBEX_TOKEN_RENEWAL_HOOK: hook(`echo "$PPID" >> '${seen}'; echo fetched; exit 1`),
    });
    const serve = here.start(['serve', '--no-open']);
    await printedLink(serve);
    const login = here.start(['login', 'acme', '--no-open']);
    const browser = new BrowserByHand();
    await browser.bringBack(await browser.signIn(await printedLink(login), { account: 'full-admin' }));
    expect((await login.finished).code).toBe(0);
    await serve.stderrMatching(/the renewal hook failed/);
    expect(readFileSync(seen, 'utf8')).toBe(`${serve.pid}\n`);
    await expect.poll(() => events.map(({ event }) => event).sort()).toEqual(['hook-failed']);
    serve.kill('SIGTERM');
    const { stderr } = await serve.finished;
    const line = stderr.split('\n').find((each) => each.includes('the renewal hook failed')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      profile: 'acme',
      reason: 'it exited with code 1: fetched',
      output: ['fetched'],
    });
  });

  test('stops the start with the reason if it cannot be trusted', async () => {
    const loose = hook('exit 0');
    chmodSync(loose, 0o777);
    const here = await machine(undefined, { ...offline, WEBEX_TOKEN_RENEWAL_HOOK: loose });
    const { code, stderr } = await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    expect(code).toBe(2);
    expect(stderr).toContain('WEBEX_TOKEN_RENEWAL_HOOK');
    expect(stderr).toContain(`chmod go-w '${loose}'`);
    expect(existsSync(join(here.home, 'store.db'))).toBe(false);
  });
});
