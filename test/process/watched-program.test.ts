import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endTimeoutMs, WatchedProgram } from '../../src/process/watched-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A program that ignores SIGTERM, and writes its start to a log. */
function deaf(log: string): string[] {
  const file = join(temporaryFolder(), 'service.cjs');
  writeFileSync(
    file,
    `const { appendFileSync } = require('node:fs');
     const write = (text) => appendFileSync(${JSON.stringify(log)}, text + ' ' + process.pid + '\\n');
     process.on('SIGTERM', () => {});
     write('start ' + process.env.NUMBER);
     setInterval(() => {}, 1000);`,
  );
  return [file];
}

function lines(log: string): string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}

/** Which programs were started. */
const started = (log: string) => lines(log).map((line) => line.replace(/ \d+$/, ''));

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(process.platform === 'win32')('WatchedProgram', () => {
  it('kills a program that ignores SIGTERM, and starts it again', async () => {
    // As the help of `exec` says.
    expect(endTimeoutMs).toBe(10_000);
    const log = join(temporaryFolder(), 'log');
    const command = { command: process.execPath, args: deaf(log), terminal: false };
    const program = new WatchedProgram({ ...command, environment: { NUMBER: '1' } }, 300);
    await expect.poll(() => started(log), { timeout: 20_000 }).toEqual(['start 1']);
    const pid = Number(/\d+$/.exec(lines(log)[0] ?? '')?.[0]);
    await program.restart({ NUMBER: '2' });
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => started(log), { timeout: 20_000 }).toEqual(['start 1', 'start 2']);
    program.signal('SIGQUIT');
    expect(await program.ended).toBe(131);
  });
});
