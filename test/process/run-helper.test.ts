import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { rememberCaller } from '../../src/process/caller.ts';
import {
  environmentForBrowser,
  environmentForExec,
  environmentForHelper,
} from '../../src/process/environments.ts';
import { runHelper } from '../../src/process/run-helper.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A shell script that can be run by its path. */
function script(text: string): string {
  const file = join(temporaryFolder(), 'helper');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o700);
  return file;
}

describe.skipIf(process.platform === 'win32')('a helper', () => {
  it('gets its input and gives its output and exit code', async () => {
    const helper = script('cat; echo "$1" >&2; exit 3');
    const result = await runHelper(helper, ['$(id)'], { input: 'in' });
    expect(result).toEqual({ code: 3, failure: null, stdout: 'in', stderr: '$(id)\n' });
  });

  it.each([
    ['is not there', '/nowhere/helper', 'ENOENT'],
    ['may not be run', '/etc/passwd', 'EACCES'],
  ])('is reported as a result if it %s', async (_, file, failure) => {
    expect(await runHelper(file, [])).toMatchObject({ code: null, failure });
  });

  it('is reported as a result if its arguments are too long', async () => {
    expect(await runHelper('true', ['x'.repeat(4_000_000)])).toMatchObject({ code: null, failure: 'E2BIG' });
  });

  it('is ended if it takes too long', async () => {
    expect(await runHelper(script('exec sleep 60'), [], { timeoutMs: 50 })).toMatchObject({
      code: null,
      failure: 'timeout',
    });
  });

  it('is reported with the signal that ended it', async () => {
    expect(await runHelper(script('kill -TERM $$'), [])).toMatchObject({ code: null, failure: 'SIGTERM' });
  });

  it('does not have to read its input', async () => {
    expect(await runHelper('true', [], { input: 'x'.repeat(10_000_000) })).toMatchObject({ code: 0 });
  });

  it('is not waited for if it leaves a process with its output open', async () => {
    const child = script('sleep 60 & echo $!');
    const { code, stdout } = await runHelper(child, []);
    const pid = Number(stdout);
    // 0 would be the tests themselves.
    expect(pid).toBeGreaterThan(0);
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    expect(code).toBe(0);
  });
});

describe.skipIf(process.platform === 'win32')('the umask', () => {
  const own = process.umask();
  afterEach(() => rememberCaller({ umask: own, environment: process.env }));

  it.each([0o000, 0o002, 0o022, 0o027])('is passed to a helper: %o', async (umask) => {
    rememberCaller({ umask, environment: process.env });
    const file = join(temporaryFolder(), 'made');
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const { stdout } = await runHelper(script(`umask; touch '${file}'; stat -c %a '${file}'`), []);
    const octal = (mode: number) => mode.toString(8);
    expect(stdout).toBe(`${octal(umask).padStart(4, '0')}\n${octal(0o666 & ~umask)}\n`);
    expect(process.umask(0o077)).toBe(0o077);
    await runHelper('/nowhere/helper', []);
    expect(process.umask(0o077)).toBe(0o077);
  });
});

describe('the environment', () => {
  const given = {
    PATH: '/bin',
    HOME: '/home/it',
    DISPLAY: ':0',
    LC_ALL: 'de_DE.UTF-8',
    XDG_RUNTIME_DIR: '/run/user/1',
    WEBEX_TOKEN_PASSPHRASE: 'secret',
    WEBEX_TOKEN_NEW_PASSPHRASE: 'secret',
    WEBEX_TOKEN_BACKUP_PASSPHRASE: 'secret',
    WEBEX_TOKEN_DATABASE_URL: 'secret',
    WEBEX_TOKEN_SMTP_URL: 'secret',
    WEBEX_TOKEN_WEBHOOK_URL: 'secret',
    WEBEX_TOKEN_WEBHOOK_SECRET: 'secret',
    WEBEX_TOKEN_PORT: '3000',
    PGPASSWORD: 'secret',
    PGHOST: 'db.example',
    AZURE_CLIENT_SECRET: 'azure',
    OKTA_CLIENT_TOKEN: 'okta',
    GITHUB_TOKEN: 'github',
    NODE_OPTIONS: '--inspect',
    LD_PRELOAD: '/tmp/x.so',
    HTTPS_PROXY: 'http://user:secret@proxy.example:3128',
    http_proxy: 'http://proxy.example:3128',
    no_proxy: 'localhost',
  };

  it('contains only the listed variables for a helper', () => {
    expect(environmentForHelper(given)).toEqual({
      PATH: '/bin',
      HOME: '/home/it',
      DISPLAY: ':0',
      LC_ALL: 'de_DE.UTF-8',
      XDG_RUNTIME_DIR: '/run/user/1',
    });
  });

  it('also contains the proxy for a browser, without its password', () => {
    expect(environmentForBrowser(given)).toEqual({
      ...environmentForHelper(given),
      http_proxy: 'http://proxy.example:3128',
      no_proxy: 'localhost',
    });
  });

  it('is that of the caller for a program run by exec, without the secrets of this program', () => {
    const program = environmentForExec(given);
    expect(Object.values(program)).not.toContain('secret');
    const taken = Object.keys(given).filter((name) => !(name in program));
    expect(taken.every((name) => given[name as keyof typeof given] === 'secret')).toBe(true);
    expect(program).toMatchObject({
      AZURE_CLIENT_SECRET: 'azure',
      OKTA_CLIENT_TOKEN: 'okta',
      NODE_OPTIONS: '--inspect',
      PGHOST: 'db.example',
      WEBEX_TOKEN_PORT: '3000',
    });
  });

  it('ignores changes that this process made to its own, for a program run by exec', () => {
    rememberCaller({ umask: process.umask(), environment: { DEBUG: 'their own' } });
    onTestFinished(() => rememberCaller({ umask: process.umask(), environment: process.env }));
    expect(environmentForExec()).toEqual({ DEBUG: 'their own' });
  });
});

describe('runHelper', () => {
  it('passes no secret of this process to a script', async () => {
    process.env.WEBEX_TOKEN_PASSPHRASE = 'a secret of this process';
    onTestFinished(() => void delete process.env.WEBEX_TOKEN_PASSPHRASE);
    const file = join(temporaryFolder(), 'environment');
    await runHelper(script(`env > '${file}'`), []);
    expect(readFileSync(file, 'utf8')).not.toContain('a secret of this process');
  });
});
