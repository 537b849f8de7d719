import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { straceOptions, writingCalls } from './strace.ts';

/** What a process did to the files of a folder, in order. Paths are relative to the folder. */
export type Change =
  | { what: 'create' | 'unlink' | 'sync' | 'mkdir'; path: string }
  | { what: 'write'; path: string; offset: number; bytes: Buffer }
  | { what: 'truncate'; path: string; size: number }
  | { what: 'rename' | 'link'; path: string; to: string }
  /** A line on standard output, which confirms something from here on. */
  | { what: 'say'; line: string };

/** Runs a script under strace, and returns what it did within the folder. */
export function recordWrites(
  folder: string,
  script: string,
  args: string[],
  environment: NodeJS.ProcessEnv = process.env,
): Change[] {
  const scratch = mkdtempSync(join(tmpdir(), 'webex-token-strace-'));
  try {
    const log = join(scratch, 'log');
    const options = [...straceOptions, '-y', '-xx', '-s', '20000000', '--signal=none', '-o', log];
    const command = ['-e', `trace=${writingCalls.join()}`, process.execPath, script, ...args];
    const { status, stderr } = spawnSync('strace', [...options, ...command], {
      encoding: 'utf8',
      env: environment,
    });
    if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`);
    return changesOf(readFileSync(log, 'latin1'), folder);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function changesOf(log: string, folder: string): Change[] {
  const changes: Change[] = [];
  const offsets = new Map<string, number>();
  const known = new Set<string>();
  for (const { name, args, result, opened } of callsOf(log)) {
    if (result < 0) continue;
    const [first = '', second = ''] = args;
    const inside = (path: string) => withinFolder(path, folder);
    const file = /^(\d+)<(.*)>$/.exec(first);
    const path = inside(decode(file?.[2] ?? ''));
    const descriptor = file?.[1] ?? '';
    const texts = args.filter((arg) => arg.startsWith('"')).map(text);
    if (descriptor === '1' && name === 'write') {
      for (const line of text(second).toString('utf8').trimEnd().split('\n'))
        changes.push({ what: 'say', line });
      continue;
    }
    switch (name) {
      case 'openat': {
        const at = inside(resolve(decode(/<(.*)>/.exec(first)?.[1] ?? '/'), texts[0]?.toString() ?? ''));
        offsets.set(opened, 0);
        if (at === null || isShared(at)) break;
        const flags = args[2] ?? '';
        if (flags.includes('O_CREAT')) changes.push({ what: 'create', path: at });
        if (flags.includes('O_TRUNC')) changes.push({ what: 'truncate', path: at, size: 0 });
        known.add(at);
        break;
      }
      case 'write':
      case 'pwrite64': {
        if (path === null || isShared(path)) break;
        const offset = name === 'pwrite64' ? Number(args[3]) : (offsets.get(descriptor) ?? 0);
        const bytes = text(second).subarray(0, result);
        if (name === 'write') offsets.set(descriptor, offset + bytes.length);
        changes.push({ what: 'write', path, offset, bytes });
        break;
      }
      case 'writev':
      case 'pwritev':
        if (path !== null) throw new Error(`${name} is not understood`);
        break;
      case 'ftruncate':
        if (path !== null && !isShared(path)) changes.push({ what: 'truncate', path, size: Number(second) });
        break;
      case 'fsync':
      case 'fdatasync':
        if (path !== null && !isShared(path)) changes.push({ what: 'sync', path });
        break;
      default: {
        const [from, to] = texts.map((each) => inside(each.toString()));
        if (from === null || from === undefined || isShared(from)) break;
        if (name.startsWith('unlink')) changes.push({ what: 'unlink', path: from });
        else if (name === 'mkdir') changes.push({ what: 'mkdir', path: from });
        else if (typeof to === 'string') {
          changes.push({ what: name.startsWith('link') ? 'link' : 'rename', path: from, to });
        } else throw new Error(`${name} out of the folder`);
      }
    }
  }
  return changes;
}

/** SQLite's shared memory is discarded by the first process that opens the database after a crash. */
function isShared(path: string): boolean {
  return path.endsWith('-shm');
}

function withinFolder(path: string, folder: string): string | null {
  if (path === folder) return '.';
  return path.startsWith(folder + sep) ? path.slice(folder.length + 1) : null;
}

interface Call {
  name: string;
  args: string[];
  result: number;
  /** The descriptor that was opened, as its text. */
  opened: string;
}

function* callsOf(log: string): Generator<Call> {
  const unfinished = new Map<string, string>();
  for (const raw of log.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(raw) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      unfinished.set(thread, rest.slice(0, -'<unfinished ...>'.length).trimEnd());
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const line = resumed === null ? rest : (unfinished.get(thread) ?? '') + (resumed[1] ?? '');
    const call = /^(\w+)\((.*)\) += (-?\d+)/.exec(line);
    if (call === null) continue;
    const [, name = '', args = '', result = ''] = call;
    yield { name, args: args.split(', '), result: Number(result), opened: result };
  }
}

/** All text is printed as \x00: no comma, bracket or quote of a path can be mistaken. */
function decode(hex: string): string {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('utf8');
}

function text(argument: string): Buffer {
  return Buffer.from(argument.slice(1, -1).replaceAll('\\x', ''), 'hex');
}
