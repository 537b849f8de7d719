import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream, openSync, type ReadStream, rmSync, writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandRequest, CommandResult } from '../cli/command-hosts.ts';

/*
 * Runs commands of the built program one after the other, each as in a new process: from the file that npm links, with
 * its own arguments, environment, umask and standard input, until nothing keeps the event loop alive. Only the start of
 * Node and the loading of the program, nine tenths of the time of a short command, happen once.
 */
const [program = '', mark = ''] = process.argv.slice(2);
const require = createRequire(import.meta.url);

/** A process closes its databases when it ends, and the fast path of `get` relies on that. */
const databases = new Set<InstanceType<typeof import('node:sqlite').DatabaseSync>>();
const sqlite = require('node:sqlite') as typeof import('node:sqlite');
sqlite.DatabaseSync = class extends sqlite.DatabaseSync {
  constructor(...args: ConstructorParameters<typeof sqlite.DatabaseSync>) {
    super(...args);
    databases.add(this);
  }
};

/** Files that take the place of standard output and standard error. */
const outputs = new Map<number, number>();
const fs = require('node:fs') as typeof import('node:fs');
const { writeSync } = fs;
fs.writeSync = (descriptor: number, ...rest: unknown[]) =>
  (writeSync as (...args: unknown[]) => number)(outputs.get(descriptor) ?? descriptor, ...rest);
syncBuiltinESMExports();

/** Timers that do not keep the process from exiting end with the command. */
const timers = new Set<NodeJS.Timeout>();
for (const name of ['setTimeout', 'setInterval'] as const) {
  const original = globalThis[name] as (...args: unknown[]) => NodeJS.Timeout;
  const remembered = (...args: unknown[]) => {
    const timer = original(...args);
    timers.add(timer);
    return timer;
  };
  Object.assign(globalThis, { [name]: Object.assign(remembered, original) });
}

await import(join(program, '../../dist/main.js'));

let running = false;

process.on('message', (request: CommandRequest) => {
  running = true;
  // From now on, only the command keeps this process from exiting.
  process.channel?.unref();
  process.chdir(request.cwd);
  process.umask(request.umask);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, request.environment);
  giveInput(request.input);
  redirect(1, request.outputs?.stdout);
  redirect(2, request.outputs?.stderr);
  process.argv = [process.execPath, program, ...request.args];
  process.exitCode = undefined;
  delete require.cache[program];
  require(program);
});

process.on('beforeExit', (code) => {
  if (!running) return;
  running = false;
  process.channel?.ref();
  forgetListeners();
  for (const database of databases) if (database.isOpen) database.close();
  databases.clear();
  for (const timer of timers) clearTimeout(timer);
  timers.clear();
  for (const file of outputs.values()) closeSync(file);
  outputs.clear();
  for (const descriptor of [1, 2]) writeMark(descriptor);
  process.send?.({ code } satisfies CommandResult);
});

process.on('disconnect', () => process.exit());

const ownListeners = new Map(process.eventNames().map((name) => [name, process.rawListeners(name)]));

/** Removes the listeners of a command, which would react to the next commands. */
function forgetListeners(): void {
  for (const name of process.eventNames() as 'exit'[]) {
    for (const listener of process.rawListeners(name)) {
      if (!ownListeners.get(name)?.includes(listener)) process.removeListener(name, listener as () => void);
    }
  }
}

/** Makes this text the standard input. */
function giveInput(input: string | Uint8Array): void {
  const file = join(tmpdir(), `webex-token-input-${process.pid}-${randomUUID()}`);
  writeFileSync(file, input, { mode: 0o600 });
  closeSync(0);
  // The system gives the lowest free number.
  if (openSync(file, 'r') !== 0) throw new Error('standard input has another number');
  rmSync(file);
  let stdin: ReadStream | undefined;
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    get: () => {
      stdin ??= createReadStream('', { fd: 0, autoClose: false });
      return stdin;
    },
  });
}

/** Lets the command write to a file. */
function redirect(descriptor: 1 | 2, path: string | undefined): void {
  if (path !== undefined) outputs.set(descriptor, openSync(path, 'w'));
}

function writeMark(descriptor: number): void {
  let rest = Buffer.from(`\u0000${mark}`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
