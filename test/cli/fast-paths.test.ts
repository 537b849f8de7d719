import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/program-files.ts';
import { type Machine, machine } from '../support/cli/cli-process.ts';
import { copyProgram } from '../support/cli/copy-program.ts';
import { machineWithToken, token } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function node(here: Machine, code: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: packageRoot,
    env: here.environment,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

/** The same command line without a fast path. */
function wholeProgram(here: Machine, args: string[]) {
  const argv = JSON.stringify(['node', 'webex-token', ...args]);
  const caller = '{ umask: process.umask(0o077), environment: process.env }';
  return node(here, `void import('./dist/main.js').then((it) => it.main(${argv}, ${caller}))`);
}

async function fastPath(here: Machine, args: string[]) {
  const { code, stdout, stderr } = await here.spawn(args).finished;
  return { code, stdout, stderr };
}

describe('the fast path of the commands that read', () => {
  it('prints the same as the whole program', async () => {
    const here = await machineWithToken();
    for (const line of ['list --json', 'list --nothing', 'show acme', 'show nobody', 'check', 'status']) {
      const args = line.split(' ');
      expect(await fastPath(here, args)).toEqual(wholeProgram(here, args));
    }
  });

  it('leaves a command that it does not support to the whole program, and prints everything once', async () => {
    const url = 'postgres://someone:secret@127.0.0.1:1/store';
    const here = await machine(undefined, { WEBEX_TOKEN_DATABASE_URL: url, WEBEX_TOKEN_HOM: '/nowhere' });
    for (const name of ['list', 'check']) {
      const result = await fastPath(here, [name]);
      expect(result).toEqual(wholeProgram(here, [name]));
      expect(result.code).not.toBe(0);
      expect(result.stderr.match(/WEBEX_TOKEN_HOM is not a setting/g)).toHaveLength(1);
    }
  });
});

describe('the fast path of exec', () => {
  it('runs the program with the token, and passes its exit code on', async () => {
    const here = await machineWithToken();
    const code = 'process.stdout.write(process.env.WEBEX_ACCESS_TOKEN); process.exit(7)';
    const args = ['exec', 'acme', '--', process.execPath, '-e', code];
    expect(await here.spawn(args).finished).toMatchObject({ code: 7, stdout: token, stderr: '' });
    const fast = node(
      here,
      `const done = require('./dist/exec.cjs').fastExec(${JSON.stringify(args.slice(1))}, {umask:18,environment:process.env});
       process.on('exit', () => process.stderr.write(String(done)))`,
    );
    expect(fast).toMatchObject({ code: 7, stdout: token, stderr: 'true' });
  });

  it('reports a program that does not exist as the whole program does', async () => {
    const here = await machineWithToken();
    const args = ['exec', 'acme', '--', 'there-is-no-such-program'];
    const result = await fastPath(here, args);
    expect(result).toEqual(wholeProgram(here, args));
    expect(result.code).toBe(127);
  });
});

describe.skipIf(process.platform === 'win32')('the cache of compiled code', () => {
  it('is in the folder of the program, and only if no one else could replace or change it', () => {
    const folder = temporaryFolder();
    copyProgram(folder);
    const dist = join(folder, 'dist');
    const cache = join(dist, '.compile-cache');
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    const start = (mode: number) => {
      chmodSync(dist, mode);
      const args = [join(folder, 'bin/webex-token.cjs'), '--version'];
      expect(spawnSync(process.execPath, args, { env, encoding: 'utf8' }).stdout).toMatch(/^\d/);
    };
    start(0o775);
    start(0o757);
    expect(existsSync(cache)).toBe(false);

    mkdirSync(cache);
    chmodSync(cache, 0o777);
    start(0o755);
    expect(readdirSync(cache)).toEqual([]);

    rmSync(cache, { recursive: true });
    start(0o755);
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(1);
  });
});
