import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { machine } from './run.ts';

/** A machine whose only scheduler is a crontab that is a file. */
async function withCron() {
  const on = await machine(undefined, { WEBEX_TOKEN_WEBHOOK_URL: 'https://hooks.example/fake-secret' });
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
  return { on, crontab: () => (existsSync(file) ? readFileSync(file, 'utf8') : null) };
}

test('says what it will do, does it, twice as once, and undoes it', async () => {
  const { on, crontab } = await withCron();
  expect(await on.run(['schedule', 'status'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Not installed/),
  });
  const dry = await on.run(['schedule', 'install', '--dry-run']);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toMatch(/^Run crontab -[\s\S]*17 \* \* \* \*.*'remind' >\/dev\/null/);
  expect(crontab()).toBeNull();

  const installed = await on.run(['schedule', 'install']);
  expect(installed.code).toBe(0);
  expect(installed.stderr).toContain(dry.stdout.trim());
  expect(installed.stderr).toContain('WEBEX_TOKEN_WEBHOOK_URL is set in this environment');
  const once = crontab();
  expect(once).toContain(`WEBEX_TOKEN_HOME='${on.home}'`);
  expect(`${once}${dry.stdout}${installed.stderr}`).not.toContain('fake-secret');
  await on.run(['schedule', 'install']);
  expect(crontab()).toBe(once);
  const status = await on.run(['schedule', 'status', '--json']);
  expect(JSON.parse(status.stdout)).toEqual({
    installed: true,
    jobs: [{ scheduler: 'cron', place: 'your crontab' }],
  });
  expect((await on.run(['schedule', 'remove'])).code).toBe(0);
  expect(crontab()).toBeNull();
  expect(await on.run(['schedule', 'remove'])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/not there/),
  });
});

test('a machine without a scheduler ends 1 and says what to do', async () => {
  const { on } = await withCron();
  on.environment.PATH = '/nowhere';
  const { code, stderr } = await on.run(['schedule', 'install']);
  expect(code).toBe(1);
  expect(stderr).toContain('webex-token remind');
});
