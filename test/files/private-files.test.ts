import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  assertPrivateFile,
  assertPrivateKeyFile,
  ensurePrivateDirectory,
  ensurePrivateFile,
  type Files,
} from '../../src/files/private-files.ts';
import { brokerErrorOf } from '../support/broker-error.ts';
import { machine, program } from '../support/cli/cli-process.ts';
import { startInHost } from '../support/cli/command-hosts.ts';
import type { Finished } from '../support/cli/process-output.ts';
import { cloneIsOpen, whySkipped } from '../support/open-to-others.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const posix = process.platform !== 'win32';

/** A file system where everything has the same mode. Changing a mode has no effect, or fails with a code. */
function withoutModes(mode: number, chmodFails?: string): Files {
  return {
    ...fs,
    chmodSync: () => {
      if (chmodFails !== undefined) throw Object.assign(new Error(chmodFails), { code: chmodFails });
    },
    statSync: ((path: string) => {
      const stat = statSync(path);
      return Object.assign(stat, { mode: (stat.mode & ~0o777) | mode });
    }) as Files['statSync'],
  };
}

describe('a new file in the data folder', () => {
  it('names the folder and the variable if it cannot be created', async () => {
    const folder = join(temporaryFolder(), 'missing');
    const error = await brokerErrorOf(() => ensurePrivateFile(join(folder, 'store.db')));
    expect(error.code).toBe('E_HOME');
    expect(error.message).toBe(`The data folder ${folder} cannot be written to (ENOENT).`);
    expect(error.help).toContain('WEBEX_TOKEN_HOME');
  });
});

describe.skipIf(!posix)('a file system without permissions', () => {
  it.each([
    [0o777, undefined],
    [0o755, undefined],
    [0o755, 'EPERM'],
    [0o700 | 0o050, undefined],
  ])('is reported for mode %o, and nothing is left on it', async (mode, chmodFails) => {
    const parent = temporaryFolder();
    const path = join(parent, 'home');
    const error = await brokerErrorOf(() => ensurePrivateDirectory(path, withoutModes(mode, chmodFails)));
    expect(error.code).toBe('E_FILE_PERMISSIONS');
    expect(error.message).toMatch(/without permissions.*WEBEX_TOKEN_HOME=~\/\.local\/share\/webex-token$/);
    expect(error.message).not.toContain('\n');
    expect(error.help).toBeUndefined();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('is reported for an existing folder and existing files', async () => {
    const path = temporaryFolder();
    const file = join(path, 'store.db');
    writeFileSync(file, '');
    const files = withoutModes(0o777);
    for (const look of [ensurePrivateDirectory, assertPrivateFile, assertPrivateKeyFile]) {
      const error = await brokerErrorOf(() => look(look === ensurePrivateDirectory ? path : file, files));
      expect(error.message).toMatch(/without permissions/);
    }
    expect(readdirSync(path)).toEqual(['store.db']);
  });

  it('is not reported if only the mode is wrong', async () => {
    const path = temporaryFolder();
    chmodSync(path, 0o755);
    expect(await brokerErrorOf(() => ensurePrivateDirectory(path))).toMatchObject({
      message: expect.stringContaining('(mode 755)'),
      help: `Restrict it: chmod 700 '${path}'`,
    });
    expect(readdirSync(path)).toEqual([]);
  });
});

// Only the administrator can be another user.
describe.runIf(process.platform === 'linux' && process.getuid?.() === 0 && cloneIsOpen)(
  `a user without a name or home folder, as in a container${whySkipped}`,
  () => {
    const user = 54_321;
    const fsGroup = 2_000;

    const asUser = ['setpriv', '--reuid', `${user}`, '--regid', `${user}`, '--groups', `${fsGroup}`];

    /** Runs a command as a user that the system does not know, in the group that the pod assigns to its volumes. */
    function run(args: string[], environment: NodeJS.ProcessEnv, input = ''): Promise<Finished> {
      const request = { args, environment: { PATH: process.env.PATH, ...environment }, input };
      return startInHost(program, request, asUser).finished;
    }

    /** A volume, as the kubelet mounts it: root's, with these modes and group. */
    function volume(mode: number, gid = fsGroup): string {
      const path = fs.mkdtempSync(join(tmpdir(), 'webex-token-test-'));
      onTestFinished(() => fs.rmSync(path, { recursive: true, force: true }));
      chownSync(path, 0, gid);
      chmodSync(path, mode);
      return path;
    }

    /** A file of a Secret: a link into a folder with the current data. */
    function secretKey(mode: number, gid = fsGroup): string {
      const path = volume(0o755);
      mkdirSync(join(path, '..data'));
      const file = join(path, '..data', 'key');
      writeFileSync(file, randomBytes(32).toString('base64'));
      chownSync(file, 0, gid);
      chmodSync(file, mode);
      fs.symlinkSync(join('..data', 'key'), join(path, 'key'));
      return join(path, 'key');
    }

    it.each([0o440, 0o640])(
      'can use a key from a Secret with mode %o and a volume of its group',
      async (mode) => {
        const environment = { WEBEX_TOKEN_HOME: volume(0o2770), WEBEX_TOKEN_KEY_FILE: secretKey(mode) };
        const offline = { ...environment, WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' };
        const imported = await run(['import', 'acme'], offline, 'fake-token-of-a-pod-1234567890');
        expect(imported).toMatchObject({ code: 0 });
        // The fast path, and the whole program.
        for (const more of [[], ['--allow-expired']]) {
          expect(await run(['get', 'acme', ...more], environment)).toMatchObject({
            code: 0,
            stdout: 'fake-token-of-a-pod-1234567890\n',
            stderr: '',
          });
        }
        expect(statSync(join(environment.WEBEX_TOKEN_HOME, 'store.db')).mode & 0o777).toBe(0o600);
      },
    );

    it.each([
      ['0444, which all can read', 0o444, fsGroup],
      ['0644', 0o644, fsGroup],
      ['0460, which the group can write', 0o460, fsGroup],
      ['0440 of a group that is not ours', 0o440, 0],
    ])('cannot use a key with mode %s', async (_, mode, gid) => {
      const environment = { WEBEX_TOKEN_HOME: volume(0o2770), WEBEX_TOKEN_KEY_FILE: secretKey(mode, gid) };
      const { code, stderr } = await run(['import', 'acme'], environment, 'fake-token-of-a-pod-1234567890');
      expect(code).toBe(1);
      expect(stderr.replace(environment.WEBEX_TOKEN_KEY_FILE, 'KEY')).toMatch(
        /The key file KEY (belongs to root|cannot be read)/,
      );
      expect(stderr).not.toMatch(/WEBEX_TOKEN_HOME|^ {4}at /m);
    });

    it.each([0o2777, 0o2775, 0o777, 0o755, 0o700])(
      'cannot use a volume with mode %o, and learns what to set',
      async (mode) => {
        const home = volume(mode);
        const { code, stderr } = await run(['list'], { WEBEX_TOKEN_HOME: home });
        expect(code).toBe(1);
        expect(stderr.replace(home, 'VOLUME')).toMatch(
          /^webex-token: The folder VOLUME belongs to root \(mode \d+\)\.\n/,
        );
        expect(stderr).toContain(`WEBEX_TOKEN_HOME='${home}/webex-token'`);
        expect(stderr).not.toContain('KEY_FILE');
        expect(readdirSync(home)).toEqual([]);
      },
    );

    it.each([0o2777, 0o2775, 0o2770])('can use a folder inside a volume with mode %o', async (mode) => {
      const home = join(volume(mode), 'webex-token');
      expect(await run(['list', '--json'], { WEBEX_TOKEN_HOME: home })).toMatchObject({
        code: 0,
        stdout: '[]\n',
      });
      expect(statSync(home).mode & 0o777).toBe(0o700);
    });

    it('cannot use files that the kubelet opened to the group, and learns which policy prevents it', async () => {
      const home = join(volume(0o2770), 'webex-token');
      expect((await run(['list'], { WEBEX_TOKEN_HOME: home })).code).toBe(0);
      chmodSync(join(home, 'store.db'), 0o660);
      chownSync(join(home, 'store.db'), user, fsGroup);
      expect((await run(['list'], { WEBEX_TOKEN_HOME: home })).stderr).toMatch(
        /chmod 600 .*fsGroupChangePolicy: OnRootMismatch/,
      );
    });

    it('can run commands that need no data folder without any variable', async () => {
      for (const args of [
        ['--version'],
        ['--help'],
        ['get', '--help'],
        ['schedule', '--help'],
        ['completion', 'bash'],
      ]) {
        expect(await run(args, {})).toMatchObject({ code: 0, stderr: '' });
      }
    });

    it.each([{}, { HOME: '' }, { HOME: '.' }, { HOME: 'relative/home' }, { XDG_DATA_HOME: 'relative' }])(
      'gets a one-line error from other commands without a home folder (%o)',
      async (environment) => {
        for (const args of [
          ['list'],
          ['get', 'acme'],
          ['check'],
          ['remind'],
          ['log'],
          ['show', 'acme'],
          ['calendar'],
        ]) {
          const { code, stderr } = await run(args, environment);
          expect({ args, code }).toEqual({ args, code: args[0] === 'check' ? 3 : 2 });
          expect(stderr).toMatch(
            /^webex-token: WEBEX_TOKEN_HOME is not set, .*uid 54321.*for example WEBEX_TOKEN_HOME=\S+\n$/,
          );
        }
        expect((await run(['doctor'], environment)).code).toBe(1);
        expect((await run(['schedule', 'status'], environment)).stderr).not.toMatch(/^ {4}at /m);
      },
    );

    it('can run everything with WEBEX_TOKEN_HOME', async () => {
      const here = await machine();
      mkdirSync(here.home);
      chownSync(here.home, user, user);
      chmodSync(here.home, 0o700);
      chmodSync(join(here.home, '..'), 0o755);
      const environment = { WEBEX_TOKEN_HOME: here.home, WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' };
      expect((await run(['import', 'acme'], environment, 'fake-token-of-nobody-1234567890')).code).toBe(0);
      for (const args of [
        ['list'],
        ['get', 'acme'],
        ['check'],
        ['log'],
        ['show', 'acme'],
        ['calendar'],
        ['key', 'status'],
      ]) {
        const { code, stderr } = await run(args, environment);
        expect({ args, code }).toEqual({ args, code: 0 });
        expect(stderr).not.toMatch(/^ {4}at /m);
      }
      expect((await run(['log', '--json'], environment)).stdout).toContain('uid 54321');
      expect(existsSync(join(here.home, 'store.db'))).toBe(true);
    });
  },
);

describe('a command that only reads', () => {
  it('creates no data folder: check exits 3', async () => {
    const here = await machine();
    for (const json of [[], ['--json']]) {
      const { code, stdout, stderr } = await here.run(['check', ...json]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringMatching(/UNKNOWN/) });
      expect(stderr).toContain(`${here.home} does not contain a store.`);
      expect(existsSync(here.home)).toBe(false);
    }
    mkdirSync(here.home, { mode: 0o700 });
    expect((await here.run(['check'])).code).toBe(3);
    expect(readdirSync(here.home)).toEqual([]);
  });

  it('creates no data folder: doctor', async () => {
    const here = await machine();
    const deep = join(here.home, 'a', 'b');
    here.environment.WEBEX_TOKEN_HOME = deep;
    const { stdout } = await here.run(['doctor']);
    expect(stdout).toContain(`${deep}/store.db does not exist yet`);
    expect(existsSync(here.home)).toBe(false);
  });

  it.skipIf(process.platform !== 'linux').each(['/proc/webex-token', '/dev/null/webex-token'])(
    'reports that the data folder %s cannot be created: doctor exits 1',
    async (home) => {
      const here = await machine(undefined, { WEBEX_TOKEN_HOME: home });
      const { code, stdout } = await here.run(['doctor']);
      expect(code).toBe(1);
      expect(stdout).toContain(`The data folder ${home} cannot be created`);
    },
  );

  it.skipIf(!posix)('reports that the data folder is accessible to others: doctor exits 1', async () => {
    const here = await machine();
    mkdirSync(here.home);
    chmodSync(here.home, 0o755);
    expect(await here.run(['doctor'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('(mode 755)'),
    });
  });
});
