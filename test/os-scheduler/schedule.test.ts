import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJob } from '../../src/os-scheduler/check-job.ts';
import { remindJob } from '../../src/os-scheduler/job.ts';
import { jobSettings, settingsFileOf } from '../../src/os-scheduler/job-settings.ts';
import { detectScheduler, findInstalled, runSteps } from '../../src/os-scheduler/schedule.ts';
import type { Job } from '../../src/os-scheduler/scheduler.ts';
import { nodeForJob, stablePath } from '../../src/os-scheduler/stable-path.ts';
import type { System } from '../../src/os-scheduler/system.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface FakeSystem extends System {
  files: Map<string, string>;
  ran: string[];
  crontab: string | null;
  /** The XML of each task, by its name. */
  tasks: Map<string, string>;
}

/** An in-memory system with these programs. */
function systemWith(
  platform: NodeJS.Platform,
  programs: string[],
  crontab: string | null = null,
): FakeSystem {
  const system: FakeSystem = {
    platform,
    homeFolder: '/home/ada',
    environment: {},
    userId: 501,
    files: new Map(),
    ran: [],
    crontab,
    tasks: new Map(),
    read: (path) => system.files.get(path) ?? null,
    write: (path, content) => void system.files.set(path, content),
    writePrivate: (path, content) => void system.files.set(path, content),
    remove: (path) => void system.files.delete(path),
    async run(file, args, input) {
      const ran = (code: number | null, stdout = '', stderr = '') => ({ code, stdout, stderr });
      if (!programs.includes(file)) return ran(null);
      if (file === 'crontab') {
        if (args[0] === '-l') {
          return system.crontab === null ? ran(1, '', 'no crontab for ada') : ran(0, system.crontab);
        }
        system.crontab = args[0] === '-r' ? null : (input ?? '');
      }
      if (file === 'schtasks.exe') {
        const xml = system.tasks.get(args[2] ?? '');
        if (args[0] === '/Query') return ran(xml === undefined ? 1 : 0, xml);
        if (args[0] === '/Create') system.tasks.set(args[2] ?? '', system.files.get(args[4] ?? '') ?? '');
        if (args[0] === '/Delete') system.tasks.delete(args[2] ?? '');
      }
      system.ran.push([file, ...args].join(' '));
      return ran(0);
    },
  };
  return system;
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

async function install(system: System): Promise<void> {
  await runSteps(await (await detectScheduler(system)).install(job, system), system);
}

describe.each([
  ['systemd', 'linux', ['systemctl', 'crontab']],
  ['cron', 'linux', ['crontab']],
  ['launchd', 'darwin', ['launchctl', 'crontab']],
  ['Task Scheduler', 'win32', ['schtasks.exe']],
] as const)('the scheduler %s', (title, platform, programs) => {
  it('is detected, installs idempotently, is found, and is removed completely', async () => {
    const system = systemWith(platform, [...programs]);
    expect((await detectScheduler(system)).title).toContain(title);
    expect(await findInstalled(system)).toEqual([]);
    await install(system);
    const once = [new Map(system.files), system.crontab, new Map(system.tasks)];
    await install(system);
    expect([system.files, system.crontab, system.tasks]).toEqual(once);
    const [found, ...more] = await findInstalled(system);
    expect(more).toEqual([]);
    expect(found?.scheduler.title).toContain(title);
    expect(found?.job).toMatchObject({ command: job.command, inactiveReason: null });
    expect(settingsFileOf(found?.job ?? { command: null })).toBe('/data/webex token/schedule.json');
    await runSteps((await found?.scheduler.remove(system)) ?? [], system);
    expect(await findInstalled(system)).toEqual([]);
    expect([system.files.size, system.crontab, system.tasks.size]).toEqual([0, null, 0]);
    expect(await found?.scheduler.remove(system)).toEqual([]);
  });

  it('returns any command that was installed unchanged', async () => {
    const words = fc.array(
      fc
        .string({ unit: 'grapheme', minLength: 1 })
        .filter((word) => !/[\p{Cc}\p{Cs}]/u.test(word) && (platform !== 'win32' || !/["%]|\$\(/.test(word))),
      { minLength: 2, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(words, async (command) => {
        const system = systemWith(platform, [...programs]);
        await runSteps(await (await detectScheduler(system)).install({ command }, system), system);
        const [found] = await findInstalled(system);
        expect(found?.job.command).toEqual(command);
      }),
      { numRuns: 200 },
    );
  });

  it('returns no command if something else changed the job', async () => {
    const system = systemWith(platform, [...programs]);
    await install(system);
    for (const [path, text] of system.files)
      system.files.set(path, text.replace(/remind/g, '').replace(/ExecStart=|ProgramArguments/, 'X'));
    system.crontab = system.crontab?.replace('17 *', '18 *') ?? null;
    for (const [name, xml] of system.tasks) system.tasks.set(name, xml.replace('--headless', ''));
    expect((await findInstalled(system))[0]?.job.command).toBeNull();
  });
});

describe('the schedulers', () => {
  it('leave every other line of the crontab unchanged', async () => {
    const others = '# mine\nMAILTO=ada\n\n5 4 * * * true 100\\% # backup\n';
    const system = systemWith('linux', ['crontab'], others);
    await install(system);
    expect(system.crontab?.startsWith(others)).toBe(true);
    expect(system.crontab?.split('\n').filter((line) => line.includes('remind'))).toHaveLength(1);
    const [found] = await findInstalled(system);
    if (found !== undefined) await runSteps(await found.scheduler.remove(system), system);
    expect(system.crontab).toBe(others);
  });

  it('make cron run the program in a directory with any name', async () => {
    const folder = join(temporaryFolder(), "o'hara 50% $HOME `id`");
    mkdirSync(folder);
    const program = join(folder, 'node');
    writeFileSync(program, '#!/bin/sh\nprintf "%s|" "$@" >&2\n');
    chmodSync(program, 0o755);
    const system = systemWith('linux', ['crontab']);
    const odd = { command: [program, 'remind', "/a b'c"] };
    await runSteps(await (await detectScheduler(system)).install(odd, system), system);
    const line = system.crontab?.split('\n').find((each) => each.startsWith('17 ')) ?? '';
    // Like cron: without the first five fields, and with \% for %.
    const command = line.split(' ').slice(5).join(' ').replaceAll('\\%', '%');
    const output = execFileSync('/bin/sh', ['-c', `{ ${command}; } 2>&1`], { encoding: 'utf8' });
    expect(output).toBe("remind|/a b'c|");
  });

  const hasSystemdAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

  it
    .skipIf(!hasSystemdAnalyze)
    .each(['plain', 'with space', "o'hara", 'a "b"', '50% $HOME', 'back\\slash', '$x', '%h', 'ü'])(
    'writes a unit that systemd accepts for Node in the directory %s (skipped without systemd-analyze)',
    async (name) => {
      const folder = join(temporaryFolder(), name);
      mkdirSync(folder);
      const program = join(folder, 'node');
      writeFileSync(program, '#!/bin/sh\n');
      chmodSync(program, 0o755);
      const system = systemWith('linux', ['systemctl']);
      await runSteps(
        await (await detectScheduler(system)).install({ command: [program, 'remind'] }, system),
        system,
      );
      const unit = join(temporaryFolder(), 'webex-token-remind.service');
      writeFileSync(
        unit,
        system.files.get('/home/ada/.config/systemd/user/webex-token-remind.service') ?? '',
      );
      const { status, stderr } = spawnSync(
        'systemd-analyze',
        ['verify', '--man=no', '--generators=no', unit],
        {
          encoding: 'utf8',
        },
      );
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

  it.skipIf(!canCheckCrontab)(
    'write a line that crontab accepts (skipped if crontab has no -n)',
    async () => {
      const system = systemWith('linux', ['crontab']);
      await install(system);
      const file = join(temporaryFolder(), 'crontab');
      writeFileSync(file, system.crontab ?? '');
      expect(spawnSync('crontab', ['-n', file])).toMatchObject({ status: 0 });
    },
  );

  it('never run a command that this program did not write, and do not report an unreadable one as broken', async () => {
    const system = systemWith('win32', ['schtasks.exe']);
    const check = (command: string[] | null) =>
      checkJob({ location: 'a task', command, inactiveReason: null }, '/data/store.db', system);
    for (const command of [
      null,
      ['/bin/rm', '-rf', '/'],
      [process.execPath, '/a/webex-token.cjs', 'remove'],
      [process.execPath, '/a/other.cjs', 'remind'],
    ]) {
      expect(await check(command)).toMatchObject({
        ok: false,
        message: expect.stringContaining('changed by something else'),
      });
    }
    const unreadable = ['C:\\Users\\J\ufffdrg\\node.exe', 'C:\\webex-token.cjs', 'remind'];
    expect(await check(unreadable)).toMatchObject({ ok: null });
    expect(system.ran).toEqual([]);
  });

  it('refuse paths that the Task Scheduler would expand', async () => {
    const system = systemWith('win32', ['schtasks.exe']);
    const scheduler = await detectScheduler(system);
    for (const folder of ['C:\\%TEMP%\\node.exe', 'C:\\$(Arg0)\\node.exe']) {
      const error = await brokerErrorOf(() => scheduler.install({ command: [folder, 'remind'] }, system));
      expect(error.code).toBe('E_SCHEDULE');
    }
  });

  it('report a systemd timer that is not active and a task that is disabled', async () => {
    const linux = systemWith('linux', ['systemctl']);
    await install(linux);
    const inactive: System = {
      ...linux,
      run: (file, args, input) =>
        args.includes('is-active')
          ? Promise.resolve({ code: 3, stdout: 'inactive', stderr: '' })
          : linux.run(file, args, input),
    };
    expect((await findInstalled(inactive))[0]?.job.inactiveReason).toContain('not active');
    const windows = systemWith('win32', ['schtasks.exe']);
    await install(windows);
    for (const [name, xml] of windows.tasks)
      windows.tasks.set(name, xml.replace('</Settings>', '<Enabled>false</Enabled></Settings>'));
    expect((await findInstalled(windows))[0]?.job.inactiveReason).toContain('disabled');
  });

  it('find and remove a systemd timer in a session without systemd', async () => {
    const linux = systemWith('linux', ['systemctl']);
    await install(linux);
    const withoutSession: System = {
      ...linux,
      run: async () => ({ code: 1, stdout: '', stderr: 'Failed to connect to bus: No medium found' }),
    };
    const [found] = await findInstalled(withoutSession);
    expect(found?.job).toMatchObject({ command: job.command });
    expect(found?.job.inactiveReason).toContain('in this session');
    await runSteps((await found?.scheduler.remove(withoutSession)) ?? [], withoutSession);
    expect(linux.files).toEqual(new Map());
  });

  it('ask only the crontab where nothing is installed', async () => {
    const asked: string[] = [];
    const linux = systemWith('linux', ['systemctl', 'crontab']);
    const run: System['run'] = (file, args, input) => {
      asked.push([file, ...args].join(' '));
      return linux.run(file, args, input);
    };
    expect(await findInstalled({ ...linux, run })).toEqual([]);
    expect(asked).toEqual(['crontab -l']);
  });

  it('escape paths in XML', async () => {
    const mac = systemWith('darwin', ['launchctl']);
    const odd = { command: ['/a & b/<node>'] };
    await runSteps(await (await detectScheduler(mac)).install(odd, mac), mac);
    expect([...mac.files.values()][0]).toContain('<string>/a &amp; b/&lt;node&gt;</string>');
  });

  it('report a step that fails with the error message of the system', async () => {
    const system = systemWith('linux', ['systemctl']);
    const failing = {
      ...system,
      run: async () => ({ code: 1, stdout: '', stderr: 'Failed to connect to bus' }),
    };
    const steps = await (await detectScheduler(system)).install(job, system);
    expect(await brokerErrorOf(() => runSteps(steps, failing))).toMatchObject({
      code: 'E_SCHEDULE',
      message: 'systemctl --user daemon-reload exited with 1: Failed to connect to bus',
    });
  });

  it('say what to do if there is no supported scheduler', async () => {
    const error = await brokerErrorOf(() => detectScheduler(systemWith('linux', [])));
    expect(error).toMatchObject({ code: 'E_SCHEDULE', help: expect.stringContaining('webex-token remind') });
  });
});

describe('jobSettings', () => {
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
  it('selects what the job needs: reminders, database, proxy, certificates and data directory', () => {
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

  it('leaves out the variables of PostgreSQL if the store is a file', () => {
    const { WEBEX_TOKEN_DATABASE_URL: _, ...without } = environment;
    expect(Object.keys(jobSettings(without, {}, '/data').environment)).not.toContain('PGPASSWORD');
    const there = jobSettings(without, { WEBEX_TOKEN_DATABASE_URL: 'postgres://db.example/webex' }, '/data');
    expect(there.environment).toMatchObject({ PGPASSWORD: 'a fake password', PGHOST: 'db.example' });
  });

  it('leaves out what .env sets, which the job reads itself', () => {
    expect(jobSettings(environment, environment, '/data')).toEqual({
      environment: { WEBEX_TOKEN_HOME: '/data' },
      missing: [],
    });
  });

  it('puts no setting into the command of the job', async () => {
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

describe.skipIf(process.platform === 'win32')('nodeForJob and stablePath', () => {
  /** Creates a Node at this path in a temporary directory, and links next to it. */
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

  it.each<[string, string, Record<string, string>, string | null]>([
    ['a system package', 'usr/bin/node', {}, 'usr/bin/node'],
    [
      'an unpacked archive with a link',
      'lib/node-v24.1.0-linux-x64/bin/node',
      { 'lib/current': 'lib/node-v24.1.0-linux-x64' },
      'lib/current/bin/node',
    ],
    ['an unpacked archive', 'lib/node-v24.1.0-linux-x64/bin/node', {}, null],
    ['nvm', 'nvm/versions/node/v24.1.0/bin/node', {}, null],
    [
      'nvm with a link to another version',
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
  ])('finds a stable path for %s', (_, path, links, expected) => {
    const { root, node } = nodeAt(path, links);
    expect(stablePath(node)).toBe(expected === null ? null : join(root, expected));
  });

  it('uses the path from PATH if it survives an upgrade', () => {
    const { root, node } = nodeAt('Cellar/node/24.1.0/bin/node', {
      'bin/node': 'Cellar/node/24.1.0/bin/node',
    });
    expect(nodeForJob(root, node, `/nowhere:${root}/bin`)).toBe(join(root, 'bin/node'));
    expect(nodeForJob(root, node, '/nowhere')).toBe(node);
  });

  it('uses the Node that npm installed in the clone', () => {
    const { root, node } = nodeAt('node_modules/node/bin/node');
    expect(nodeForJob(root, '/home/ada/.nvm/versions/node/v24.1.0/bin/node', '')).toBe(node);
  });
});
