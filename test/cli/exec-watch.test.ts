import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Machine, program } from '../support/cli/cli-process.ts';
import { machineWithToken } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A program that writes its token, and its signals, to a log. */
function service(log: string, script = ''): string[] {
  const file = join(temporaryFolder(), 'service.cjs');
  writeFileSync(
    file,
    `const { appendFileSync } = require('node:fs');
     const write = (text) => appendFileSync(${JSON.stringify(log)}, text + ' ' + process.pid + '\\n');
     ${script}
     write('start ' + process.env.WEBEX_ACCESS_TOKEN);
     setInterval(() => {}, 1000);`,
  );
  return [process.execPath, file];
}

/** The lines of the log, without the process IDs. */
function lines(log: string): string[] {
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replace(/ \d+$/, ''));
}

async function renew(here: Machine, number: number): Promise<void> {
  const { code } = await here.run(['import', 'acme'], `fake-token-for-acme-${number}`);
  expect(code).toBe(0);
}

describe.skipIf(process.platform === 'win32')('exec --watch', () => {
  test('starts the program again with each new token, after the old one has ended', async () => {
    const here = await machineWithToken();
    const log = join(temporaryFolder(), 'log');
    const slowly = `process.on('SIGTERM', () => { write('term'); setTimeout(() => { write('end'); process.exit(0); }, 20); });`;
    const running = here.start(['exec', 'acme', '--watch', '--', ...service(log, slowly)]);
    await expect.poll(() => lines(log)).toEqual(['start fake-token-for-acme-1']);
    await renew(here, 2);
    const expected = ['start fake-token-for-acme-1', 'term', 'end', 'start fake-token-for-acme-2'];
    await expect.poll(() => lines(log)).toEqual(expected);
    // Only the running program gets the signal, and determines the exit code.
    running.kill('SIGTERM');
    const { code, stdout, stderr } = await running.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('"acme" has a new token. Starting the program again.');
    expect(stderr).not.toContain('fake-token');
    expect(lines(log)).toEqual([...expected, 'term', 'end']);
  });

  test('--watch-signal sends the signal, and decrypts nothing', async () => {
    const here = await machineWithToken();
    const log = join(temporaryFolder(), 'log');
    const reload = `process.on('SIGHUP', () => write('reload ' + process.env.WEBEX_ACCESS_TOKEN));`;
    const running = here.start(['exec', 'acme', '--watch-signal', 'hup', '--', ...service(log, reload)]);
    await expect.poll(() => lines(log).length).toBe(1);
    await renew(here, 2);
    const expected = ['start fake-token-for-acme-1', 'reload fake-token-for-acme-1'];
    await expect.poll(() => lines(log)).toEqual(expected);
    running.kill('SIGTERM');
    expect((await running.finished).code).toBe(143);
    const rows = (await here.run(['log', '--json'])).stdout.trim().split('\n');
    expect(rows.filter((row) => JSON.parse(row).action === 'read')).toHaveLength(1);
  });

  test('ends with the program, with its exit code', async () => {
    const here = await machineWithToken();
    const watch = (...command: string[]) => here.run(['exec', 'acme', '--watch', '--', ...command]);
    expect((await watch(process.execPath, '-e', 'process.exit(42)')).code).toBe(42);
    expect((await watch('no-such-program')).code).toBe(127);
  });

  test('a removed profile and a missing store are reported, and the program continues', async () => {
    const here = await machineWithToken();
    const log = join(temporaryFolder(), 'log');
    const running = here.start(['exec', 'acme', '--watch', '--', ...service(log)]);
    await expect.poll(() => lines(log).length).toBe(1);
    await here.run(['remove', 'acme', '--yes']);
    await running.stderrMatching(/The profile "acme" was removed\. The program continues\./);
    renameSync(join(here.home, 'store.db'), join(here.home, 'away.db'));
    await running.stderrMatching(/The store cannot be read/);
    expect(existsSync(join(here.home, 'store.db'))).toBe(false);
    renameSync(join(here.home, 'away.db'), join(here.home, 'store.db'));
    await running.stderrMatching(/The store can be read again/);
    expect(lines(log)).toEqual(['start fake-token-for-acme-1']);
    running.kill('SIGTERM');
    expect((await running.finished).code).toBe(143);
  });

  test.each(['KILL', 'STOP', 'NOPE', ''])('--watch-signal %s is wrong usage', async (name) => {
    const here = await machineWithToken();
    const { code, stderr } = await here.run(['exec', 'acme', `--watch-signal=${name}`, '--', 'true']);
    expect(code).toBe(2);
    expect(stderr).toContain('HUP or USR1');
  });
});

/** util-linux's `script` gives a program a terminal. */
const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.runIf(hasScript)('exec --watch on a terminal', () => {
  test('passes Ctrl-C to the program once, also after a restart', async () => {
    const here = await machineWithToken();
    const log = join(temporaryFolder(), 'log');
    const interrupted = `process.on('SIGINT', () => { write('int'); setTimeout(() => process.exit(3), 500); });`;
    const command = service(log, interrupted);
    const child = spawn(
      '/usr/bin/script',
      [
        '-qec',
        `exec '${process.execPath}' '${program}' exec acme --watch -- '${command[0]}' '${command[1]}'`,
        '/dev/null',
      ],
      { env: { ...here.environment, TERM: 'xterm' }, stdio: ['pipe', 'ignore', 'ignore'] },
    );
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    await expect.poll(() => lines(log).length).toBe(1);
    await renew(here, 2);
    const expected = ['start fake-token-for-acme-1', 'start fake-token-for-acme-2'];
    await expect.poll(() => lines(log)).toEqual(expected);
    child.stdin.write('\u0003');
    expect(await closed).toBe(3);
    expect(lines(log)).toEqual([...expected, 'int']);
  });
});
