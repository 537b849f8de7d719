import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leftBehind, remindJob } from '../../src/expiry/schedule/job.ts';
import type { Machine } from '../../src/expiry/schedule/machine.ts';
import { carryOut, findInstalled, schedulerOf } from '../../src/expiry/schedule/schedule.ts';
import type { Job } from '../../src/expiry/schedule/scheduler.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { brokerErrorOf } from '../thrown.ts';

interface FakeMachine extends Machine {
  files: Map<string, string>;
  ran: string[];
  crontab: string | null;
  tasks: Set<string>;
}

/** A machine with these programs, which does what it is told only in memory. */
function machineWith(
  platform: NodeJS.Platform,
  programs: string[],
  crontab: string | null = null,
): FakeMachine {
  const machine: FakeMachine = {
    platform,
    homeFolder: '/home/ada',
    environment: {},
    userId: 501,
    files: new Map(),
    ran: [],
    crontab,
    tasks: new Set(),
    read: (path) => machine.files.get(path) ?? null,
    write: (path, content) => void machine.files.set(path, content),
    remove: (path) => void machine.files.delete(path),
    async run(file, args, input) {
      const ran = (code: number | null, stdout = '', stderr = '') => ({ code, stdout, stderr });
      if (!programs.includes(file)) return ran(null);
      if (file === 'crontab') {
        if (args[0] === '-l') {
          return machine.crontab === null ? ran(1, '', 'no crontab for ada') : ran(0, machine.crontab);
        }
        machine.crontab = args[0] === '-r' ? null : (input ?? '');
      }
      if (file === 'schtasks.exe') {
        if (args[0] === '/Query') return ran(machine.tasks.has(args[2] ?? '') ? 0 : 1);
        if (args[0] === '/Create') machine.tasks.add(args[2] ?? '');
        if (args[0] === '/Delete') machine.tasks.delete(args[2] ?? '');
      }
      machine.ran.push([file, ...args].join(' '));
      return ran(0);
    },
  };
  return machine;
}

const job: Job = {
  command: ['/opt/my node/bin/node', "/home/o'hara/50% $HOME/webex-token.cjs", 'remind'],
  environment: { WEBEX_TOKEN_HOME: '/data/webex token' },
};

async function install(machine: Machine): Promise<void> {
  await carryOut(await (await schedulerOf(machine)).install(job, machine), machine);
}

describe.each([
  ['systemd', 'linux', ['systemctl', 'crontab']],
  ['cron', 'linux', ['crontab']],
  ['launchd', 'darwin', ['launchctl', 'crontab']],
  ['Task Scheduler', 'win32', ['schtasks.exe']],
] as const)('%s', (title, platform, programs) => {
  test('is chosen, installed twice as once, seen, and removed without a trace', async () => {
    const machine = machineWith(platform, [...programs]);
    expect((await schedulerOf(machine)).title).toContain(title);
    expect(await findInstalled(machine)).toEqual([]);
    await install(machine);
    const once = [new Map(machine.files), machine.crontab, new Set(machine.tasks)];
    await install(machine);
    expect([machine.files, machine.crontab, machine.tasks]).toEqual(once);
    const [found, ...more] = await findInstalled(machine);
    expect(more).toEqual([]);
    expect(found?.scheduler.title).toContain(title);
    await carryOut((await found?.scheduler.remove(machine)) ?? [], machine);
    expect(await findInstalled(machine)).toEqual([]);
    expect([machine.files.size, machine.crontab, machine.tasks.size]).toEqual([0, null, 0]);
    expect(await found?.scheduler.remove(machine)).toEqual([]);
  });
});

test('cron leaves every other line as it is', async () => {
  const others = '# mine\nMAILTO=ada\n\n5 4 * * * true 100\\% # backup\n';
  const machine = machineWith('linux', ['crontab'], others);
  await install(machine);
  expect(machine.crontab?.startsWith(others)).toBe(true);
  expect(machine.crontab?.split('\n').filter((line) => line.includes('remind'))).toHaveLength(1);
  const [found] = await findInstalled(machine);
  if (found !== undefined) await carryOut(await found.scheduler.remove(machine), machine);
  expect(machine.crontab).toBe(others);
});

test('what cron runs is the program itself, whatever its folder is called', async () => {
  const folder = join(temporaryFolder(), "o'hara 50% $HOME `id`");
  mkdirSync(folder);
  const program = join(folder, 'node');
  writeFileSync(program, '#!/bin/sh\nprintf "%s|" "$WEBEX_TOKEN_HOME" "$@" >&2\n');
  chmodSync(program, 0o755);
  const machine = machineWith('linux', ['crontab']);
  const odd = { command: [program, 'remind'], environment: { WEBEX_TOKEN_HOME: "/a b'c" } };
  await carryOut(await (await schedulerOf(machine)).install(odd, machine), machine);
  const line = machine.crontab?.split('\n').find((each) => each.startsWith('17 ')) ?? '';
  // As cron does: the first five fields aside, with \% for %.
  const command = line.split(' ').slice(5).join(' ').replaceAll('\\%', '%');
  const said = execFileSync('/bin/sh', ['-c', `{ ${command}; } 2>&1`], { encoding: 'utf8' });
  expect(said).toBe("/a b'c|remind|");
});

test('systemd’s unit quotes by its rules', async () => {
  const machine = machineWith('linux', ['systemctl']);
  await install(machine);
  const unit = machine.files.get('/home/ada/.config/systemd/user/webex-token-remind.service');
  expect(unit).toContain('Environment="WEBEX_TOKEN_HOME=/data/webex token"');
  expect(unit).toContain(
    `ExecStart="/opt/my node/bin/node" "/home/o'hara/50%% $$HOME/webex-token.cjs" "remind"`,
  );
  const timer = machine.files.get('/home/ada/.config/systemd/user/webex-token-remind.timer');
  expect(timer).toContain('Persistent=true');
});

test('XML is well-formed whatever the names', async () => {
  const mac = machineWith('darwin', ['launchctl']);
  const odd = { command: ['/a & b/<node>'], environment: {} };
  await carryOut(await (await schedulerOf(mac)).install(odd, mac), mac);
  expect([...mac.files.values()][0]).toContain('<string>/a &amp; b/&lt;node&gt;</string>');
});

test('a step that fails is told with what the system says', async () => {
  const machine = machineWith('linux', ['systemctl']);
  const failing = {
    ...machine,
    run: async () => ({ code: 1, stdout: '', stderr: 'Failed to connect to bus' }),
  };
  const steps = await (await schedulerOf(machine)).install(job, machine);
  expect(await brokerErrorOf(() => carryOut(steps, failing))).toMatchObject({
    code: 'E_SCHEDULE',
    message: 'systemctl --user daemon-reload ended with 1: Failed to connect to bus',
  });
});

test('a machine without any scheduler is told what to do instead', async () => {
  const error = await brokerErrorOf(() => schedulerOf(machineWith('linux', [])));
  expect(error).toMatchObject({ code: 'E_SCHEDULE', help: expect.stringContaining('webex-token remind') });
});

describe('no secret goes into the job', () => {
  const environment = {
    WEBEX_TOKEN_HOME: '/data',
    WEBEX_TOKEN_SMTP_URL: 'smtps://user:fake-password@mail.example',
    WEBEX_TOKEN_WEBHOOK_URL: 'https://hooks.example/fake',
    WEBEX_TOKEN_PASSPHRASE: 'a fake passphrase',
  };
  test('only the data folder’s place does', () => {
    expect(remindJob(environment).environment).toEqual({ WEBEX_TOKEN_HOME: '/data' });
    expect(JSON.stringify(remindJob(environment))).not.toContain('fake');
  });
  test('and what the job will lack is named', () => {
    expect(leftBehind(environment, {})).toEqual(['WEBEX_TOKEN_SMTP_URL', 'WEBEX_TOKEN_WEBHOOK_URL']);
    expect(leftBehind(environment, environment)).toEqual([]);
    const entra = { AZURE_TENANT_ID: 'acme.example', AZURE_CLIENT_SECRET: 'a fake secret' };
    expect(leftBehind(entra, { AZURE_TENANT_ID: 'acme.example' })).toEqual(['AZURE_CLIENT_SECRET']);
  });
});
