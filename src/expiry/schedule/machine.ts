import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { withoutSecrets } from '../../child-environment.ts';

export interface Ran {
  /** Null where the program is not there, or was ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What of this machine a scheduler needs. */
export interface Machine {
  platform: NodeJS.Platform;
  /** The person's own folder. */
  homeFolder: string;
  environment: NodeJS.ProcessEnv;
  userId: number;
  /** Runs a program, never through a shell. */
  run(file: string, args: string[], input?: string): Promise<Ran>;
  read(path: string): string | null;
  write(path: string, content: string, encoding: 'utf8' | 'utf16le'): void;
  remove(path: string): void;
}

export const thisMachine: Machine = {
  platform: process.platform,
  homeFolder: homedir(),
  environment: process.env,
  userId: process.getuid?.() ?? 0,
  run,
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  write(path, content, encoding) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { encoding, mode: 0o600 });
  },
  remove: (path) => rmSync(path, { force: true }),
};

function run(file: string, args: string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    // Not spawn's own time-out, whose timer goes on where the program is not there at all.
    const signal = AbortSignal.timeout(30_000);
    const child = spawn(file, args, {
      stdio: 'pipe',
      env: withoutSecrets(process.env),
      windowsHide: true,
      signal,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', () => resolve({ code: null, stdout, stderr }));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
