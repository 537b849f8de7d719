import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { execute, SpawnError } from '../../src/process/exec.ts';

function running(script: string, environment: NodeJS.ProcessEnv = {}) {
  return execute({
    command: process.execPath,
    args: ['-e', script],
    environment: { PATH: process.env.PATH, ...environment },
    terminal: false,
  });
}

describe('execute', () => {
  it('returns the exit code of the program', async () => {
    expect(await running('process.exit(0)')).toBe(0);
    expect(await running('process.exit(42)')).toBe(42);
  });

  it('returns 128 plus the number of the signal that ended the program', async () => {
    expect(await running('process.kill(process.pid, "SIGKILL")')).toBe(137);
    expect(await running('process.kill(process.pid, "SIGTERM")')).toBe(143);
  });

  it('passes secrets in the environment, not in the arguments', async () => {
    const script = `process.exit(process.env.V === 'fake' && !process.argv.join().includes('fake') ? 7 : 1)`;
    expect(await running(script, { V: 'fake' })).toBe(7);
  });

  it('reports 127 for a missing program, and 126 for one that cannot be run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const plain = join(folder, 'plain');
    writeFileSync(plain, '');
    chmodSync(plain, 0o600);
    const start = (command: string) => execute({ command, args: [], environment: {}, terminal: false });
    await expect(start(join(folder, 'none'))).rejects.toMatchObject({ code: 'E_EXEC', exitCode: 127 });
    await expect(start('')).rejects.toMatchObject({ code: 'E_EXEC', exitCode: 127 });
    await expect(start(plain)).rejects.toMatchObject({ code: 'E_EXEC', exitCode: 126 });
  });

  it('removes its signal listeners afterwards', async () => {
    const before = process.listenerCount('SIGUSR2');
    await running('');
    expect(process.listenerCount('SIGUSR2')).toBe(before);
  });
});

describe('SpawnError', () => {
  // The system reports EACCES for both. Root can enter every folder, so that only other users see the second case.
  it('distinguishes a program that cannot be run from one that is in no readable folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'here'), '');
    const refused = Object.assign(new Error('spawn EACCES'), { code: 'EACCES' });
    const codeOf = (command: string) =>
      new SpawnError(
        { command, args: [], environment: { PATH: `/none:${folder}` }, terminal: false },
        refused,
      ).exitCode;
    expect([codeOf('here'), codeOf(join(folder, 'here')), codeOf('/none/elsewhere')]).toEqual([
      126, 126, 126,
    ]);
    expect(codeOf('elsewhere')).toBe(127);
  });
});
