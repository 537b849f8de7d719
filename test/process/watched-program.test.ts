import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
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

/** A program that ends some time after SIGTERM: once a file exists. */
function slow(log: string, mayEnd: string): string[] {
  const file = join(temporaryFolder(), 'service.cjs');
  writeFileSync(
    file,
    `const { appendFileSync, existsSync } = require('node:fs');
     const write = (text) => appendFileSync(${JSON.stringify(log)}, text + ' ' + process.pid + '\\n');
     process.on('SIGTERM', () => {
       write('asked to end');
       setInterval(() => existsSync(${JSON.stringify(mayEnd)}) && process.exit(3), 20);
     });
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
    await expect.poll(() => started(log)).toEqual(['start 1']);
    const pid = Number(/\d+$/.exec(lines(log)[0] ?? '')?.[0]);
    await program.restart({ NUMBER: '2' });
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => started(log)).toEqual(['start 1', 'start 2']);
    program.signal('SIGQUIT');
    expect(await program.ended).toBe(131);
  });

  it('is not started again by a new token while it ends after a signal', async () => {
    const folder = temporaryFolder();
    const [log, mayEnd] = [join(folder, 'log'), join(folder, 'may-end')];
    const command = { command: process.execPath, args: slow(log, mayEnd), terminal: false };
    const program = new WatchedProgram({ ...command, environment: { NUMBER: '1' } });
    onTestFinished(() => program.signal('SIGKILL'));
    await expect.poll(() => started(log)).toEqual(['start 1']);
    process.emit('SIGTERM', 'SIGTERM');
    await expect.poll(() => started(log)).toEqual(['start 1', 'asked to end']);
    const restarted = program.restart({ NUMBER: '2' });
    writeFileSync(mayEnd, '');
    await restarted;
    expect(program.isEnding).toBe(true);
    expect(await program.ended).toBe(3);
    expect(started(log)).toEqual(['start 1', 'asked to end']);
  });
});
