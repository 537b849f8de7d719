import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentForHook } from '../../src/process/environments.ts';
import { runHook } from '../../src/process/run-hook.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A shell script that can be run by its path. */
function script(text: string): string {
  const file = join(temporaryFolder(), 'hook');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o700);
  return file;
}

const environment = { PATH: process.env.PATH };
const run = (file: string, timeoutMs = stepHangsMs) => runHook(file, { environment, timeoutMs });

describe.skipIf(process.platform === 'win32')('the renewal hook', () => {
  it('runs in its own folder, without arguments and input', async () => {
    const file = script('pwd; echo "$# arguments"; cat');
    expect(await run(file)).toEqual({
      error: null,
      output: [realpathSync(dirname(file)), '0 arguments'],
    });
  });

  it('reports the exit code with the last line, and both streams', async () => {
    expect(await run(script('echo started; echo "the service is unknown." >&2; exit 3'))).toEqual({
      error: 'it exited with code 3: the service is unknown',
      output: ['started', 'the service is unknown.'],
    });
    expect((await run(script('kill -KILL $$'))).error).toBe('SIGKILL ended it');
  });

  it('is killed with everything that it started', async () => {
    const folder = temporaryFolder();
    const file = script(`sleep 60 & echo $! > '${folder}/pid'; wait`);
    const written = () => {
      const path = join(folder, 'pid');
      return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
    };
    // The time counts from its start, and a busy machine may need longer than that to start the shell.
    for (let limitMs = 500; written() === ''; limitMs *= 2) {
      const { error } = await run(file, limitMs);
      expect(error).toBe(`it ran longer than ${limitMs / 1_000} seconds, and was stopped`);
    }
    const pid = written();
    await expect
      .poll(() => {
        try {
          // A process that ended and was not collected yet counts as ended.
          return execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).trim().startsWith('Z');
        } catch {
          return true;
        }
      })
      .toBe(true);
  });

  it('does not wait for what it leaves behind', async () => {
    const folder = temporaryFolder();
    const waiting = `while [ ! -e '${folder}/ended' ]; do sleep 0.02; done`;
    const { error } = await run(script(`(${waiting}; touch '${folder}/late') & exit 0`));
    expect(error).toBeNull();
    writeFileSync(join(folder, 'ended'), '');
    await expect.poll(() => existsSync(join(folder, 'late'))).toBe(true);
  });

  it('cannot fill the memory or the log, or steer the terminal', async () => {
    const { output } = await run(
      script('printf "\\033]0;title\\007\\033[31mred\\n"; yes longer | head -100000'),
    );
    expect(output.length).toBeLessThanOrEqual(40);
    expect(output.join('').length).toBeLessThan(16_384);
    expect(JSON.stringify(output)).not.toContain('\\u001b');
  });

  it('never puts a token into the log', async () => {
    const token = `fake${'A1b2C3d4'.repeat(12)}`;
    const { output, error } = await run(script(`echo "token ${token}"; echo "Bearer ${token}" >&2; exit 1`));
    expect(JSON.stringify({ output, error })).not.toContain('A1b2C3d4');
    expect(output).toContain('token [hidden]');
  });

  it('fails if it cannot be started', async () => {
    expect((await run('/nowhere/hook')).error).toBe('it cannot be run (ENOENT)');
    const noInterpreter = script('');
    writeFileSync(noInterpreter, '#!/nowhere/sh\n');
    expect((await run(noInterpreter)).error).toMatch(/^it cannot be run \(E/);
  });
});

describe('the environment of the hook', () => {
  it('is that of the caller, without secrets and without a token', () => {
    const given = {
      PATH: '/bin',
      AZURE_CLIENT_SECRET: 'fake',
      WEBEX_TOKEN_HOME: '/srv/tokens',
      WEBEX_TOKEN_PASSPHRASE: 'fake passphrase',
      WEBEX_TOKEN_DATABASE_URL: 'postgres://fake',
      PGPASSWORD: 'fake',
      WEBEX_ACCESS_TOKEN: 'fake-token',
      WEBEX_TOKEN_PROFILE: 'other',
    };
    expect(environmentForHook('acme', given, {})).toEqual({
      PATH: '/bin',
      AZURE_CLIENT_SECRET: 'fake',
      WEBEX_TOKEN_HOME: '/srv/tokens',
      WEBEX_TOKEN_PROFILE: 'acme',
    });
  });

  it('has the settings that a scheduled job was given, but not its secrets', () => {
    const own = { WEBEX_TOKEN_HOME: '/srv/tokens', WEBEX_TOKEN_SMTP_URL: 'smtps://fake', OTHER: 'x' };
    expect(environmentForHook('acme', { PATH: '/bin' }, own)).toEqual({
      PATH: '/bin',
      WEBEX_TOKEN_HOME: '/srv/tokens',
      WEBEX_TOKEN_PROFILE: 'acme',
    });
  });
});
