import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { machine } from '../support/cli/cli-process.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { fakeProxy, listening } from '../support/http/fake-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';

/** A machine whose only scheduler is a crontab that is a file. */
async function withCron(simulator?: Simulator, more: NodeJS.ProcessEnv = {}) {
  const on = await machine(simulator, {
    WEBEX_TOKEN_WEBHOOK_URL: 'https://hooks.example/fake-secret',
    ...more,
  });
  const bin = join(dirname(on.home), 'bin');
  const file = join(dirname(on.home), 'crontab');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'crontab'),
    `#!/bin/sh
case "$1" in
  -l) if [ -f '${file}' ]; then /bin/cat '${file}'; else echo 'no crontab for you' >&2; exit 1; fi ;;
  -r) /bin/rm '${file}' ;;
  -) /bin/cat > '${file}' ;;
esac
`,
  );
  chmodSync(join(bin, 'crontab'), 0o755);
  on.environment.PATH = bin;
  const crontab = () => (existsSync(file) ? readFileSync(file, 'utf8') : null);
  /** Runs the line of the job as cron does: by a shell, with hardly an environment. */
  const runAsCron = () => {
    const line =
      crontab()
        ?.split('\n')
        .find((each) => each.startsWith('17 ')) ?? '';
    const command = line.split(' ').slice(5).join(' ').replaceAll('\\%', '%');
    return new Promise<{ code: number | string | null; stderr: string }>((resolve) => {
      const environment = { HOME: dirname(on.home), LOGNAME: 'ada', SHELL: '/bin/sh', PATH: '/usr/bin:/bin' };
      execFile('/bin/sh', ['-c', command], { env: environment }, (error, _stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? null), stderr }),
      );
    });
  };
  return {
    on,
    crontab,
    runAsCron,
    edit: (change: (text: string) => string) => writeFileSync(file, change(crontab() ?? '')),
  };
}

describe('webex-token schedule', () => {
  it('prints the steps, installs the job, is idempotent, and removes it', async () => {
    const { on, crontab } = await withCron(undefined, { WEBEX_TOKEN_PASSPHRASE: 'a fake passphrase' });
    expect(await on.run(['schedule', 'status'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Not installed/),
    });
    const settings = join(on.home, 'schedule.json');
    // The job keeps the time zone of the person who installs it.
    const { TZ } = process.env;
    const dry = await on.run(['schedule', 'install', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain(
      `Write ${settings}, readable only by you, with ${TZ === undefined ? '' : 'TZ, '}WEBEX_TOKEN_HOME, WEBEX_TOKEN_PORT, WEBEX_TOKEN_WEBHOOK_URL`,
    );
    expect(dry.stdout).toMatch(
      /Run crontab -[\s\S]*17 \* \* \* \*.*'remind' '--scheduled' '.*\/schedule\.json' >\/dev\/null/,
    );
    expect(crontab()).toBeNull();
    expect(existsSync(on.home)).toBe(false);

    const installed = await on.run(['schedule', 'install']);
    expect(installed.code).toBe(0);
    expect(installed.stderr).toContain(dry.stdout.trim());
    expect(installed.stderr).toContain('The job runs without WEBEX_TOKEN_PASSPHRASE');
    const once = crontab();
    expect(`${once}${dry.stdout}${installed.stderr}`).not.toMatch(/fake-secret|fake passphrase/);
    expect(statSync(settings).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(settings, 'utf8'))).toEqual({
      environment: {
        ...(TZ !== undefined && { TZ }),
        WEBEX_TOKEN_HOME: on.home,
        WEBEX_TOKEN_PORT: String(on.port),
        WEBEX_TOKEN_WEBHOOK_URL: 'https://hooks.example/fake-secret',
      },
    });
    await on.run(['schedule', 'install']);
    expect(crontab()).toBe(once);
    const status = await on.run(['schedule', 'status', '--json']);
    expect(JSON.parse(status.stdout)).toEqual({
      installed: true,
      jobs: [
        {
          scheduler: 'cron',
          location: 'your crontab',
          ok: true,
          message: `The job starts, and uses ${join(on.home, 'store.db')}.`,
        },
      ],
    });
    expect((await on.run(['schedule', 'remove'])).code).toBe(0);
    expect(crontab()).toBeNull();
    expect(existsSync(settings)).toBe(false);
    expect(await on.run(['schedule', 'remove'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/not installed/),
    });
  });

  it.skipIf(!canMakeCertificates)(
    'gives the job the proxy and the CA of the environment in which it was installed (skipped without openssl)',
    async () => {
      const simulator = await simulated();
      const { certificate, key } = makeCertificate(temporaryFolder(), 'Acme CA', 'DNS:hooks.test');
      const bodies: string[] = [];
      const hooks = await listening(
        createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
          request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
          request.on('end', () => response.end());
        }),
      );
      const proxy = await fakeProxy({ leadsTo: hooks });
      const { on, runAsCron } = await withCron(simulator, {
        WEBEX_TOKEN_WEBHOOK_URL: 'https://hooks.test/fake-secret',
        HTTPS_PROXY: `http://ada:50%25@127.0.0.1:${proxy.port}`,
        NODE_EXTRA_CA_CERTS: certificate,
      });
      const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 86_460 });
      await storeTokenOn(on, accessToken);
      const installed = await on.run(['schedule', 'install']);
      expect(installed.stderr).not.toMatch(/50%25|ada:/);
      expect(await runAsCron()).toEqual({ code: 0, stderr: '' });
      expect(new Set(proxy.asked)).toEqual(new Set(['hooks.test:443']));
      expect(proxy.authorization).toBe(`Basic ${Buffer.from('ada:50%').toString('base64')}`);
      const events = bodies.join('').replaceAll('}{', '}\n{').split('\n');
      expect(events.map((event) => JSON.parse(event))).toContainEqual(
        expect.objectContaining({ profile: 'acme' }),
      );
    },
  );

  it('explains a broken job in status and doctor, which exit 1', async () => {
    const { on, edit, runAsCron } = await withCron();
    await on.run(['schedule', 'install']);
    const settings = join(on.home, 'schedule.json');
    const right = readFileSync(settings, 'utf8');
    const problem = async (args = ['schedule', 'status', '--json']) => {
      const { code, stdout } = await on.run(args);
      expect(code).toBe(1);
      const { ok, message } = JSON.parse(stdout).jobs[0];
      expect(ok).toBe(false);
      return message as string;
    };

    writeFileSync(settings, right.replace(on.home, `${on.home}-other`));
    expect(await problem()).toMatch(/uses the store .*home-other.*schedule install/);
    chmodSync(settings, 0o644);
    expect(await problem()).toMatch(/does not start: .*accessible to other users/);
    rmSync(settings);
    expect(await problem()).toMatch(/does not start: .*settings file of the scheduled job.*cannot be read/);
    expect((await runAsCron()).code).toBe(1);
    writeFileSync(settings, 'no JSON', { mode: 0o600 });
    expect(await problem()).toMatch(/is invalid/);
    writeFileSync(settings, right);

    edit((text) => text.replace(/'[^']*node'/, "'/opt/node-v24.1.0/bin/node'"));
    expect(await problem()).toMatch(
      /runs \/opt\/node-v24\.1\.0\/bin\/node, which no longer exists.*schedule install/,
    );
    const doctor = await on.run(['doctor', '--json']);
    expect(doctor.code).toBe(1);
    const { findings } = JSON.parse(doctor.stdout) as {
      findings: { title: string; ok: boolean; message: string }[];
    };
    expect(findings.find(({ title }) => title === 'Scheduled reminders')).toMatchObject({
      ok: false,
      message: expect.stringContaining('/opt/node-v24.1.0/bin/node'),
    });

    edit((text) => text.replace('17 * * * *', '@daily'));
    expect(await problem()).toMatch(/changed by something else/);
    await on.run(['schedule', 'install']);
    expect(await on.run(['schedule', 'status'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The job starts, and uses'),
    });
  });

  it('exits 1 with advice if there is no scheduler', async () => {
    const { on } = await withCron();
    on.environment.PATH = '/nowhere';
    const { code, stderr } = await on.run(['schedule', 'install']);
    expect(code).toBe(1);
    expect(stderr).toContain('webex-token remind');
  });
});
