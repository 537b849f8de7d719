import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formats } from '../../src/output/formats.ts';
import { packageRoot } from '../../src/program-files.ts';
import { machineWithToken, orgId, token } from '../support/cli/stored-token.ts';

describe('webex-token get', () => {
  it.each(formats)('prints the same %s on the fast path and in the whole program', async (format) => {
    const here = await machineWithToken();
    const args = ['get', 'acme', '--format', format];
    const short = await here.run(args, '{}');
    // An option that the fast path leaves to the whole program.
    const whole = await here.run([...args, '--allow-expired'], '{}');
    const withoutSeconds = (text: string) => text.replace(/"expires_in":"?\d+"?/, '"expires_in":0');
    expect(short).toMatchObject({ code: 0, stderr: '' });
    expect(withoutSeconds(short.stdout)).toBe(withoutSeconds(whole.stdout));
    expect(short.stdout).toContain(token);
    expect(short.stdout.endsWith('\n')).toBe(true);
  });

  it('still takes the fast path once this host has recorded the state of the store', async () => {
    const here = await machineWithToken();
    expect(await here.run(['get', 'acme', '--allow-expired'])).toMatchObject({ code: 0 });
    expect(existsSync(join(here.home, 'key.jwk.seen'))).toBe(true);

    const fastPath = "process.exitCode = require('./dist/get.cjs').fastGet(['acme']) ? 0 : 1";
    const fast = spawnSync(process.execPath, ['-e', fastPath], {
      cwd: packageRoot,
      env: here.environment,
      encoding: 'utf8',
    });

    expect(fast).toMatchObject({ status: 0, stdout: `${token}\n`, stderr: '' });
  });

  it('prints the tenant URL from the settings in the formats for programs', async () => {
    const here = await machineWithToken({ WEBEX_TOKEN_SCIM_URL: 'https://scim.example/v1' });
    const { stdout } = await here.run(['get', 'acme', '--format', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      tenant_url: `https://scim.example/v1/${orgId}`,
      profile: 'acme',
    });
  });

  it('reads the profile from the query of terraform, and refuses an invalid one', async () => {
    const here = await machineWithToken();
    const { stdout } = await here.run(['get', '--format', 'terraform'], '{"profile":"acme"}');
    const values = Object.values(JSON.parse(stdout) as Record<string, unknown>);
    expect(values).toContain(token);
    expect(values.every((value) => typeof value === 'string')).toBe(true);
    expect(await here.run(['get', '--format', 'terraform'], '[]')).toMatchObject({ code: 2, stdout: '' });
    expect(await here.run(['get', 'acme', '--format', 'terraform'], '{"profile":"x"}')).toMatchObject({
      code: 2,
    });
  });

  it('exits 3 for an unknown profile and 2 for wrong usage, with empty standard output', async () => {
    const here = await machineWithToken();
    expect(await here.run(['get', 'nobody', '--format', 'json'])).toMatchObject({ code: 3, stdout: '' });
    expect(await here.run(['get', 'acme', '--format', 'yaml'])).toMatchObject({ code: 2, stdout: '' });
    expect(await here.run(['get'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('webex-token exec', () => {
  it('passes the token in the environment, not in the arguments', async () => {
    const here = await machineWithToken({ WEBEX_ORG_ID: 'an older one' });
    const script = 'env; tr "\\0" " " < /proc/$PPID/cmdline';
    const shown = await here.spawn(['exec', 'acme', '--', 'sh', '-c', script]).finished;
    expect(shown.code).toBe(0);
    expect(parseEnv(shown.stdout)).toMatchObject({
      WEBEX_ACCESS_TOKEN: token,
      WEBEX_ORG_ID: orgId,
      WEBEX_SCIM_TENANT_URL: `https://api.ciscospark.com/v1/scim/${orgId}`,
    });
    expect(shown.stdout.split(token)).toHaveLength(2);
  });

  it('passes options to the program and returns its exit code', async () => {
    const here = await machineWithToken();
    const echoed = await here.run(['exec', 'acme', '--', 'printf', '%s|', '--help', '--', '-x']);
    expect(echoed).toMatchObject({ code: 0, stdout: '--help|--|-x|' });
    expect(await here.run(['exec', 'acme', '--', 'sh', '-c', 'exit 42'])).toMatchObject({ code: 42 });
    expect(await here.run(['exec', 'acme', '--', 'no-such-program'])).toMatchObject({
      code: 127,
      stdout: '',
    });
    expect(await here.run(['exec', 'nobody', '--', 'true'])).toMatchObject({ code: 3 });
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGUSR2', 140],
  ] as const)('passes %s on, and ends as the program does', async (signal, code) => {
    const here = await machineWithToken();
    const running = here.start(['exec', 'acme', '--', 'sh', '-c', 'echo started >&2; exec sleep 60']);
    await running.stderrMatching(/started/);
    running.kill(signal);
    expect(await running.finished).toMatchObject({ code, signal: null });
  });

  it('returns the exit code of a program that handles the signal', async () => {
    const here = await machineWithToken();
    const script = 'trap "exit 7" USR1; echo started >&2; while :; do sleep 0.05; done';
    const running = here.start(['exec', 'acme', '--', 'sh', '-c', script]);
    await running.stderrMatching(/started/);
    running.kill('SIGUSR1');
    expect(await running.finished).toMatchObject({ code: 7 });
  });
});
