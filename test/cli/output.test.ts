import { execFileSync, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allCommands } from '../../src/cli/commands/registry.ts';
import { wantsColor } from '../../src/cli/terminal/color.ts';
import { type Machine, machine, program } from '../support/cli/cli-process.ts';
import { machineWithToken } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hasFull = process.platform === 'linux';

/** Runs a command in its own process, with these standard streams. */
function spawned(here: Machine, args: string[], stdio: StdioOptions) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    env: here.environment,
    encoding: 'utf8',
    stdio,
  });
  return { status, signal, stdout, stderr };
}

/** A device that stores nothing: every write fails because the disk is full. */
const full = '/dev/full';

function fullDevice(): number {
  const device = openSync(full, 'w');
  onTestFinished(() => closeSync(device));
  return device;
}

/** A pipe of a process: the end that the process gets, one that is read, and both ends once more, to keep it open. */
interface Pipe {
  writer: number;
  reader: Socket;
  keptOpen: number;
}

function newPipe(): Pipe {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const keptOpen = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) });
  return { writer: openSync(path, 'w'), reader, keptOpen };
}

/** Fills a pipe that no one reads. */
function fill({ keptOpen }: Pipe): void {
  onTestFinished(() => closeSync(keptOpen));
  for (const size of [4096, 1]) {
    const filler = Buffer.alloc(size, 'x');
    try {
      for (;;) writeSync(keptOpen, filler);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

/** Every command and subcommand, as it is typed. */
async function everyCommand(): Promise<string[][]> {
  return (await allCommands()).flatMap((command) => [
    [command.name()],
    ...command.commands.map((each) => [command.name(), each.name()]),
  ]);
}

const results = [
  ['list'],
  ['list', '--json'],
  ['show', 'acme'],
  ['show', 'acme', '--json'],
  ['get', 'acme'],
  ['get', 'acme', '--format', 'json'],
  ['get', 'acme', '--allow-expired'],
  ['log'],
  ['log', '--json'],
  ['log', '--verify'],
  ['calendar'],
  ['check'],
  ['check', '--json'],
  ['check', '--nothing'],
  ['client', 'add', 'ci', '--profile', 'acme'],
  ['client', 'list', '--json'],
  ['key', 'status'],
  ['schedule', 'status', '--json'],
  ['completion', 'bash'],
  ['completion', '--profiles'],
  ['remind', '--json'],
  ['doctor'],
  ['--version'],
  ['--help'],
];

/** One command for each way to print: as a whole, in pieces, on the fast paths, a calendar, a check of the environment. */
const waysToPrint = [
  ['list'],
  ['list', '--json'],
  ['get', 'acme'],
  ['get', 'acme', '--allow-expired'],
  ['log'],
  ['log', '--json'],
  ['calendar'],
  ['check'],
  ['doctor'],
  ['completion', 'bash'],
  ['--help'],
];

describe.runIf(hasFull)('standard output on a full disk', () => {
  it('causes one line and exit code 1 for the help of every command (check: 3)', async () => {
    const here = await machine();
    for (const command of await everyCommand()) {
      const { code, stderr } = await here.run([...command, '--help'], '', { stdout: full });
      expect({ command, code }).toEqual({ command, code: command[0] === 'check' ? 3 : 1 });
      expect(stderr).toBe('webex-token: Standard output could not be written: the disk is full (ENOSPC).\n');
    }
  });

  it('causes one line and exit code 1 for every result (check: 3)', async () => {
    const here = await machineWithToken();
    for (const args of results) {
      const { code, stderr } = await here.run(args, '', { stdout: full });
      expect({ args, code }).toEqual({ args, code: args[0] === 'check' ? 3 : 1 });
      const lines = stderr
        .split('\n')
        .filter((line) => line.includes('Standard output could not be written'));
      expect(lines).toHaveLength(1);
      expect(stderr).not.toMatch(/^ {4}at |unexpected/m);
    }
  });

  it('leaves one audit row for one token that was read', async () => {
    const here = await machineWithToken();
    const device = fullDevice();
    const reads = () => {
      const database = new DatabaseSync(join(here.home, 'store.db'), { readOnly: true });
      const row = database.prepare("select count(*) as count from audit where action = 'read'").get();
      database.close();
      return row?.count;
    };
    for (const [at, more] of [[], ['--format', 'json'], ['--allow-expired']].entries()) {
      const { status } = spawned(here, ['get', 'acme', ...more], ['ignore', device, 'pipe']);
      expect(status).toBe(1);
      expect(reads()).toBe(at + 1);
    }
  });
});

describe.skipIf(process.platform === 'win32')('a reader of standard output that exits', () => {
  /** Runs a command in its own process, whose standard output is no longer read. */
  function unread(here: Machine, args: string[]) {
    const script = `"$0" "$@" | true; echo "$\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, ...args], {
      env: here.environment,
      encoding: 'utf8',
    });
    return { code: Number(stdout), stderr };
  }

  it('ends every way to print a result silently', async () => {
    const here = await machineWithToken();
    for (const args of waysToPrint) {
      const { code, stderr } = await here.run(args);
      expect({ args, ...unread(here, args) }).toEqual({ args, code, stderr });
    }
  });
});

describe.skipIf(process.platform === 'win32')('closed streams', () => {
  /** Starts a program with some of its standard streams closed. */
  function redirected(redirection: string, args: string[], env?: NodeJS.ProcessEnv) {
    const script = `exec "$0" "$@" ${redirection}`;
    return spawnSync('sh', ['-c', script, process.execPath, ...args], { env, encoding: 'utf8' });
  }

  /** The program behaves like one whose streams are the null device. */
  const nothing = '/dev/null';
  const closings: [string, number[], { stdout?: string; stderr?: string }][] = [
    ['<&-', [0], {}],
    ['>&-', [1], { stdout: nothing }],
    ['2>&-', [2], { stderr: nothing }],
    ['<&- >&- 2>&-', [0, 1, 2], { stdout: nothing, stderr: nothing }],
  ];
  const commands = [
    ['list', '--json'],
    ['get', 'acme'],
    ['log'],
    ['doctor'],
    ['--help'],
    ['import', 'acme'],
    ['get', 'nothing'],
    ['nothing'],
  ];

  it.each(closings)('are opened by Node as the null device: %s', (redirection, closed) => {
    const script = `const { fstatSync, statSync } = require('node:fs');
      const { rdev } = statSync('${nothing}');
      process.exitCode = ${JSON.stringify(closed)}.every((each) => fstatSync(each).rdev === rdev) ? 0 : 1;`;
    expect(redirected(redirection, ['-e', script]).status).toBe(0);
  });

  it.each(closings)('end no command with a stack trace: %s', async (redirection, _, outputs) => {
    const here = await machineWithToken();
    for (const args of commands) {
      const { signal, stderr } = await here.run(args, '', outputs);
      expect({ args, signal }).toEqual({ args, signal: null });
      expect(stderr).not.toMatch(/^ {4}at |unexpected/m);
    }
    const { status, stderr } = redirected(redirection, [program, 'import', 'acme'], here.environment);
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/^ {4}at |unexpected/m);
  });

  it('cause no stack trace if standard input is a folder', async () => {
    const here = await machine();
    const folder = openSync(temporaryFolder(), 'r');
    onTestFinished(() => closeSync(folder));
    const { status, stderr } = spawned(here, ['import', 'acme'], [folder, 'pipe', 'pipe']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^webex-token: Standard input (is empty|cannot be read)/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe.runIf(hasFull)('standard error', () => {
  it('does not lose the result on a full disk', async () => {
    const here = await machineWithToken();
    const device = fullDevice();
    const { status, stdout } = spawned(here, ['get', 'acme'], ['ignore', 'pipe', device]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'fake-token-for-acme-1\n' });
    expect(spawned(here, ['get', 'nothing'], ['ignore', 'pipe', device]).status).toBe(3);
    expect(spawned(here, ['nothing'], ['ignore', 'pipe', device]).status).toBe(2);
  });

  it.each<[string, (pipe: Pipe) => void]>([
    ['pauses', fill],
    ['exits', ({ keptOpen }) => closeSync(keptOpen)],
  ])('blocks neither the server nor its shutdown if its reader %s', async (_, stopReading) => {
    const here = await machine();
    const pipe = newPipe();
    const child = spawn(process.execPath, [program, 'serve', '--no-open', '--verbose'], {
      env: here.environment,
      stdio: ['ignore', 'ignore', pipe.writer],
    });
    closeSync(pipe.writer);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
    await new Promise<void>((resolve) => {
      let read = '';
      pipe.reader.setEncoding('utf8').on('data', (text: string) => {
        read += text;
        if (read.includes('webex-token open')) resolve();
      });
    });
    pipe.reader.destroy();
    stopReading(pipe);
    for (let turn = 0; turn < 20; turn += 1) {
      expect((await fetch(`http://localhost:${here.port}/healthz`)).status).toBe(200);
    }
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe('color', () => {
  const terminal = { isTTY: true };
  const pipe = {};
  it.each([
    [terminal, {}, true],
    [pipe, {}, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [pipe, { FORCE_COLOR: '1' }, true],
    [pipe, { FORCE_COLOR: 'true' }, true],
    [pipe, { FORCE_COLOR: '' }, false],
    [terminal, { FORCE_COLOR: '0' }, false],
    [pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [terminal, { FORCE_COLOR: '3', NO_COLOR: '1' }, false],
    [pipe, { FORCE_COLOR: '1', NO_COLOR: '' }, true],
    [terminal, { TERM: 'dumb' }, false],
  ])('is chosen for %o with %o: %o', (stream, environment, wanted) => {
    expect(wantsColor(stream, environment)).toBe(wanted);
  });

  it.each([
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [{ NO_COLOR: '1' }, false],
    [{}, false],
  ])('is chosen for a pipe with %o', async (more, wanted) => {
    const here = await machineWithToken(more);
    for (const args of [['list'], ['log'], ['doctor'], ['nothing'], ['get', 'nothing'], ['--help']]) {
      const { stdout, stderr } = await here.run(args);
      const colored = (stdout + stderr).includes('\u001b[');
      if (!wanted) expect({ args, colored }).toEqual({ args, colored: false });
      else if (args[0] === 'list') expect(colored).toBe(true);
      expect(stderr).not.toContain('Warning');
    }
  });
});
