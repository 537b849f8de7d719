import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { checkJob } from '../../src/os-scheduler/check-job.ts';
import { remindJob } from '../../src/os-scheduler/job.ts';
import { jobSettings, settingsFileOf } from '../../src/os-scheduler/job-settings.ts';
import { detectScheduler, findInstalled, runSteps } from '../../src/os-scheduler/schedule.ts';
import type { Job } from '../../src/os-scheduler/scheduler.ts';
import { nodeForJob, stablePath } from '../../src/os-scheduler/stable-path.ts';
import type { System } from '../../src/os-scheduler/system.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface FakeMachine extends System {
  files: Map<string, string>;
  ran: string[];
  crontab: string | null;
  /** By name, with the XML that each was made of. */
  tasks: Map<string, string>;
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
    tasks: new Map(),
    read: (path) => machine.files.get(path) ?? null,
    write: (path, content) => void machine.files.set(path, content),
    writePrivate: (path, content) => void machine.files.set(path, content),
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
        const xml = machine.tasks.get(args[2] ?? '');
        if (args[0] === '/Query') return ran(xml === undefined ? 1 : 0, xml);
        if (args[0] === '/Create') machine.tasks.set(args[2] ?? '', machine.files.get(args[4] ?? '') ?? '');
        if (args[0] === '/Delete') machine.tasks.delete(args[2] ?? '');
      }
      machine.ran.push([file, ...args].join(' '));
      return ran(0);
    },
  };
  return machine;
}

const job: Job = {
  command: [
    '/opt/my node/bin/node',
    "/home/o'hara/50% $HOME/webex-token.cjs",
    'remind',
    '--scheduled',
    '/data/webex token/schedule.json',
  ],
};

async function install(machine: System): Promise<void> {
  await runSteps(await (await detectScheduler(machine)).install(job, machine), machine);
}

describe.each([
  ['systemd', 'linux', ['systemctl', 'crontab']],
  ['cron', 'linux', ['crontab']],
  ['launchd', 'darwin', ['launchctl', 'crontab']],
  ['Task Scheduler', 'win32', ['schtasks.exe']],
] as const)('%s', (title, platform, programs) => {
  test('is chosen, installed twice as once, seen, and removed without a trace', async () => {
    const machine = machineWith(platform, [...programs]);
    expect((await detectScheduler(machine)).title).toContain(title);
    expect(await findInstalled(machine)).toEqual([]);
    await install(machine);
    const once = [new Map(machine.files), machine.crontab, new Map(machine.tasks)];
    await install(machine);
    expect([machine.files, machine.crontab, machine.tasks]).toEqual(once);
    const [found, ...more] = await findInstalled(machine);
    expect(more).toEqual([]);
    expect(found?.scheduler.title).toContain(title);
    expect(found?.job).toMatchObject({ command: job.command, stopped: null });
    expect(settingsFileOf(found?.job ?? { command: null })).toBe('/data/webex token/schedule.json');
    await runSteps((await found?.scheduler.remove(machine)) ?? [], machine);
    expect(await findInstalled(machine)).toEqual([]);
    expect([machine.files.size, machine.crontab, machine.tasks.size]).toEqual([0, null, 0]);
    expect(await found?.scheduler.remove(machine)).toEqual([]);
  });

  test('gives back any command that it was given', async () => {
    const words = fc.array(
      fc
        .string({ unit: 'grapheme', minLength: 1 })
        .filter((word) => !/[\p{Cc}\p{Cs}]/u.test(word) && (platform !== 'win32' || !/["%]|\$\(/.test(word))),
      { minLength: 2, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(words, async (command) => {
        const machine = machineWith(platform, [...programs]);
        await runSteps(await (await detectScheduler(machine)).install({ command }, machine), machine);
        const [found] = await findInstalled(machine);
        expect(found?.job.command).toEqual(command);
      }),
      { numRuns: 200 },
    );
  });

  test('what somebody else wrote there is no command of this program', async () => {
    const machine = machineWith(platform, [...programs]);
    await install(machine);
    for (const [path, text] of machine.files)
      machine.files.set(path, text.replace(/remind/g, '').replace(/ExecStart=|ProgramArguments/, 'X'));
    machine.crontab = machine.crontab?.replace('17 *', '18 *') ?? null;
    for (const [name, xml] of machine.tasks) machine.tasks.set(name, xml.replace('--headless', ''));
    expect((await findInstalled(machine))[0]?.job.command).toBeNull();
  });
});

test('cron leaves every other line as it is', async () => {
  const others = '# mine\nMAILTO=ada\n\n5 4 * * * true 100\\% # backup\n';
  const machine = machineWith('linux', ['crontab'], others);
  await install(machine);
  expect(machine.crontab?.startsWith(others)).toBe(true);
  expect(machine.crontab?.split('\n').filter((line) => line.includes('remind'))).toHaveLength(1);
  const [found] = await findInstalled(machine);
  if (found !== undefined) await runSteps(await found.scheduler.remove(machine), machine);
  expect(machine.crontab).toBe(others);
});

test('what cron runs is the program itself, whatever its folder is called', async () => {
  const folder = join(temporaryFolder(), "o'hara 50% $HOME `id`");
  mkdirSync(folder);
  const program = join(folder, 'node');
  writeFileSync(program, '#!/bin/sh\nprintf "%s|" "$@" >&2\n');
  chmodSync(program, 0o755);
  const machine = machineWith('linux', ['crontab']);
  const odd = { command: [program, 'remind', "/a b'c"] };
  await runSteps(await (await detectScheduler(machine)).install(odd, machine), machine);
  const line = machine.crontab?.split('\n').find((each) => each.startsWith('17 ')) ?? '';
  // As cron does: the first five fields aside, with \% for %.
  const command = line.split(' ').slice(5).join(' ').replaceAll('\\%', '%');
  const said = execFileSync('/bin/sh', ['-c', `{ ${command}; } 2>&1`], { encoding: 'utf8' });
  expect(said).toBe("remind|/a b'c|");
});

const hasSystemdAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

test
  .skipIf(!hasSystemdAnalyze)
  .each(['plain', 'with space', "o'hara", 'a "b"', '50% $HOME', 'back\\slash', '$x', '%h', 'ü'])(
  'systemd takes the unit of a Node in the folder %s (skipped without systemd-analyze)',
  async (name) => {
    const folder = join(temporaryFolder(), name);
    mkdirSync(folder);
    const program = join(folder, 'node');
    writeFileSync(program, '#!/bin/sh\n');
    chmodSync(program, 0o755);
    const machine = machineWith('linux', ['systemctl']);
    await runSteps(
      await (await detectScheduler(machine)).install({ command: [program, 'remind'] }, machine),
      machine,
    );
    const unit = join(temporaryFolder(), 'webex-token-remind.service');
    writeFileSync(unit, machine.files.get('/home/ada/.config/systemd/user/webex-token-remind.service') ?? '');
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--generators=no', unit], {
      encoding: 'utf8',
    });
    expect(stderr).not.toContain('webex-token-remind');
    expect(status).toBe(0);
  },
);

const canCheckCrontab = (() => {
  const file = join(mkdtempSync(join(tmpdir(), 'webex-token-test-')), 'crontab');
  writeFileSync(file, '17 * * * * true\n');
  const { status } = spawnSync('crontab', ['-n', file]);
  rmSync(dirname(file), { recursive: true });
  return status === 0;
})();

test.skipIf(!canCheckCrontab)('a real crontab takes the line (skipped where crontab has no -n)', async () => {
  const machine = machineWith('linux', ['crontab']);
  await install(machine);
  const file = join(temporaryFolder(), 'crontab');
  writeFileSync(file, machine.crontab ?? '');
  expect(spawnSync('crontab', ['-n', file])).toMatchObject({ status: 0 });
});

test('a command that is not this program’s own is never run, and one that cannot be read is not called broken', async () => {
  const machine = machineWith('win32', ['schtasks.exe']);
  const check = (command: string[] | null) =>
    checkJob({ place: 'a task', command, stopped: null }, '/data/store.db', machine);
  for (const command of [
    null,
    ['/bin/rm', '-rf', '/'],
    [process.execPath, '/a/webex-token.cjs', 'remove'],
    [process.execPath, '/a/other.cjs', 'remind'],
  ]) {
    expect(await check(command)).toMatchObject({
      ok: false,
      message: expect.stringContaining('not as this program writes it'),
    });
  }
  const unreadable = ['C:\\Users\\J\ufffdrg\\node.exe', 'C:\\webex-token.cjs', 'remind'];
  expect(await check(unreadable)).toMatchObject({ ok: null });
  expect(machine.ran).toEqual([]);
});

test('the Task Scheduler is not given what it would replace', async () => {
  const machine = machineWith('win32', ['schtasks.exe']);
  const scheduler = await detectScheduler(machine);
  for (const folder of ['C:\\%TEMP%\\node.exe', 'C:\\$(Arg0)\\node.exe']) {
    const error = await brokerErrorOf(() => scheduler.install({ command: [folder, 'remind'] }, machine));
    expect(error.code).toBe('E_SCHEDULE');
  }
});

test('systemd’s timer that is stopped, and a task that is disabled, are seen', async () => {
  const linux = machineWith('linux', ['systemctl']);
  await install(linux);
  const stopped: System = {
    ...linux,
    run: (file, args, input) =>
      args.includes('is-active')
        ? Promise.resolve({ code: 3, stdout: 'inactive', stderr: '' })
        : linux.run(file, args, input),
  };
  expect((await findInstalled(stopped))[0]?.job.stopped).toContain('not active');
  const windows = machineWith('win32', ['schtasks.exe']);
  await install(windows);
  for (const [name, xml] of windows.tasks)
    windows.tasks.set(name, xml.replace('</Settings>', '<Enabled>false</Enabled></Settings>'));
  expect((await findInstalled(windows))[0]?.job.stopped).toContain('disabled');
});

test('XML is well-formed whatever the names', async () => {
  const mac = machineWith('darwin', ['launchctl']);
  const odd = { command: ['/a & b/<node>'] };
  await runSteps(await (await detectScheduler(mac)).install(odd, mac), mac);
  expect([...mac.files.values()][0]).toContain('<string>/a &amp; b/&lt;node&gt;</string>');
});

test('a step that fails is told with what the system says', async () => {
  const machine = machineWith('linux', ['systemctl']);
  const failing = {
    ...machine,
    run: async () => ({ code: 1, stdout: '', stderr: 'Failed to connect to bus' }),
  };
  const steps = await (await detectScheduler(machine)).install(job, machine);
  expect(await brokerErrorOf(() => runSteps(steps, failing))).toMatchObject({
    code: 'E_SCHEDULE',
    message: 'systemctl --user daemon-reload ended with 1: Failed to connect to bus',
  });
});

test('a machine without any scheduler is told what to do instead', async () => {
  const error = await brokerErrorOf(() => detectScheduler(machineWith('linux', [])));
  expect(error).toMatchObject({ code: 'E_SCHEDULE', help: expect.stringContaining('webex-token remind') });
});

describe('the settings of the job', () => {
  const environment = {
    WEBEX_TOKEN_SMTP_URL: 'smtps://user:fake-password@mail.example',
    WEBEX_TOKEN_DATABASE_URL: 'postgres://db.example/webex',
    WEBEX_TOKEN_PASSPHRASE: 'a fake passphrase',
    WEBEX_TOKEN_KEY_FILE: 'keys/key.jwk',
    WEBEX_TOKEN_NEW_PASSPHRASE: 'another fake passphrase',
    AZURE_CLIENT_SECRET: 'a fake secret',
    OKTA_CLIENT_TOKEN: 'a fake token',
    HTTPS_PROXY: 'http://ada:fake-password@proxy.example:8080',
    no_proxy: '.example',
    NODE_EXTRA_CA_CERTS: '/etc/company.pem',
    SSL_CERT_DIR: '/etc/certs',
    PGPASSWORD: 'a fake password',
    PGHOST: 'db.example',
    NODE_OPTIONS: '--use-system-ca',
    TZ: 'Europe/Vienna',
    PATH: '/usr/bin',
    SECRET_OF_ANOTHER_TOOL: 'fake',
    ALL_PROXY: '',
  };
  test('are what it needs: reminders, the database, the proxy, certificates, and the data folder', () => {
    const { environment: carried, missing } = jobSettings(environment, {}, '/data');
    expect(Object.keys(carried).sort()).toEqual([
      'AZURE_CLIENT_SECRET',
      'HTTPS_PROXY',
      'NODE_EXTRA_CA_CERTS',
      'PGHOST',
      'PGPASSWORD',
      'SSL_CERT_DIR',
      'TZ',
      'WEBEX_TOKEN_DATABASE_URL',
      'WEBEX_TOKEN_HOME',
      'WEBEX_TOKEN_KEY_FILE',
      'WEBEX_TOKEN_SMTP_URL',
      'no_proxy',
    ]);
    expect(carried).toMatchObject({
      WEBEX_TOKEN_HOME: '/data',
      WEBEX_TOKEN_KEY_FILE: join(process.cwd(), 'keys/key.jwk'),
    });
    expect(missing).toEqual(['WEBEX_TOKEN_PASSPHRASE', 'NODE_OPTIONS']);
  });

  test('hold nothing of PostgreSQL where the store is none', () => {
    const { WEBEX_TOKEN_DATABASE_URL: _, ...without } = environment;
    expect(Object.keys(jobSettings(without, {}, '/data').environment)).not.toContain('PGPASSWORD');
    const there = jobSettings(without, { WEBEX_TOKEN_DATABASE_URL: 'postgres://db.example/webex' }, '/data');
    expect(there.environment).toMatchObject({ PGPASSWORD: 'a fake password', PGHOST: 'db.example' });
  });

  test('are not what stands in .env, which the job reads by itself', () => {
    expect(jobSettings(environment, environment, '/data')).toEqual({
      environment: { WEBEX_TOKEN_HOME: '/data' },
      missing: [],
    });
  });

  test('are no part of the job itself', async () => {
    expect(remindJob('/data/schedule.json').command.slice(2)).toEqual([
      'remind',
      '--scheduled',
      '/data/schedule.json',
    ]);
    await expect(brokerErrorOf(() => remindJob('/da\nta/schedule.json'))).resolves.toMatchObject({
      code: 'E_SCHEDULE',
    });
  });
});

describe.skipIf(process.platform === 'win32')('the path of Node in the job', () => {
  /** A Node at this path below a folder, and links to folders or files beside it. */
  function nodeAt(path: string, links: Record<string, string> = {}): { root: string; node: string } {
    const root = temporaryFolder();
    const node = join(root, path);
    mkdirSync(join(node, '..'), { recursive: true });
    writeFileSync(node, '');
    for (const [link, target] of Object.entries(links)) {
      mkdirSync(join(root, link, '..'), { recursive: true });
      symlinkSync(join(root, target), join(root, link));
    }
    return { root, node };
  }

  test.each<[string, string, Record<string, string>, string | null]>([
    ['a package of the system', 'usr/bin/node', {}, 'usr/bin/node'],
    [
      'an unpacked archive, linked',
      'lib/node-v24.1.0-linux-x64/bin/node',
      { 'lib/current': 'lib/node-v24.1.0-linux-x64' },
      'lib/current/bin/node',
    ],
    ['an unpacked archive', 'lib/node-v24.1.0-linux-x64/bin/node', {}, null],
    ['nvm', 'nvm/versions/node/v24.1.0/bin/node', {}, null],
    [
      'nvm, with a link of another version',
      'nvm/versions/node/v24.1.0/bin/node',
      { 'nvm/versions/node/lts': 'nvm/versions/node/v22.0.0' },
      null,
    ],
    [
      'Homebrew',
      'homebrew/Cellar/node/24.1.0/bin/node',
      { 'homebrew/opt/node': 'homebrew/Cellar/node/24.1.0' },
      'homebrew/opt/node/bin/node',
    ],
    [
      'mise',
      'mise/installs/node/24.1.0/bin/node',
      { 'mise/installs/node/24': 'mise/installs/node/24.1.0' },
      'mise/installs/node/24/bin/node',
    ],
  ])('of %s', (_, path, links, expected) => {
    const { root, node } = nodeAt(path, links);
    expect(stablePath(node)).toBe(expected === null ? null : join(root, expected));
  });

  test('is the one in PATH that leads to it, where that lasts', () => {
    const { root, node } = nodeAt('Cellar/node/24.1.0/bin/node', {
      'bin/node': 'Cellar/node/24.1.0/bin/node',
    });
    expect(nodeForJob(root, node, `/nowhere:${root}/bin`)).toBe(join(root, 'bin/node'));
    expect(nodeForJob(root, node, '/nowhere')).toBe(node);
  });

  test('is that of the clone, where npm brought one', () => {
    const { root, node } = nodeAt('node_modules/node/bin/node');
    expect(nodeForJob(root, '/home/ada/.nvm/versions/node/v24.1.0/bin/node', '')).toBe(node);
  });
});
