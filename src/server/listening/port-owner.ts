import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { runHelper } from '../../process/run-helper.ts';

export interface PortOwner {
  name: string;
  pid: number;
}

/** The program that listens on a TCP port of this machine, or null if the system does not show it. */
export async function findPortOwner(port: number): Promise<PortOwner | null> {
  try {
    if (process.platform === 'linux') return onLinux(port);
    if (process.platform === 'win32') return await onWindows(port);
    return await byLsof(port);
  } catch {
    return null;
  }
}

/** /proc/net/tcp lists listening sockets by inode; /proc/PID/fd lists the sockets of a process. */
function onLinux(port: number): PortOwner | null {
  const listening = '0A';
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table).slice(1)) {
      const fields = line.trim().split(/\s+/);
      const localPort = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      if (localPort === port && fields[3] === listening) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (socketsOf(pid).some((socket) => inodes.has(socket))) {
      return { name: nameOf(pid), pid: Number(pid) };
    }
  }
  return null;
}

/** The program's name without its arguments, which may contain secrets. `comm` would be the name of Node's thread instead. */
function nameOf(pid: string): string {
  const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  // Some programs write a title there, such as "nginx: master process". A path may also contain spaces.
  const name = program.startsWith('/') ? basename(program) : program.split(' ', 1)[0];
  return name || readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

/** Empty for a process of another user, and for one that has just exited. */
function socketsOf(pid: string): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).map((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

async function byLsof(port: number): Promise<PortOwner | null> {
  const lines = (await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'])).split('\n');
  const field = (letter: string) => lines.find((line) => line.startsWith(letter))?.slice(1);
  const name = field('c');
  return name === undefined ? null : { name, pid: Number(field('p')) };
}

async function onWindows(port: number): Promise<PortOwner | null> {
  const connections = await run('netstat', ['-ano', '-p', 'TCP']);
  const line = connections.split('\n').find((each) => new RegExp(`:${port}\\s+\\S+:0\\s`).test(each));
  const pid = line?.trim().split(/\s+/).at(-1);
  if (pid === undefined) return null;
  const task = await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']);
  const name = /^"([^"]+)"/.exec(task.trim())?.[1];
  return name === undefined ? null : { name, pid: Number(pid) };
}

async function run(program: string, args: string[]): Promise<string> {
  return (await runHelper(program, args, { timeoutMs: 3_000 })).stdout;
}
