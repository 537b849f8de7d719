import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { homeFolder, userName } from '../environment/os-user.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { ensurePrivateDirectory } from '../files/private-files.ts';
import { type HelperResult, runHelper } from '../process/run-helper.ts';

export type RunResult = Pick<HelperResult, 'code' | 'stdout' | 'stderr'>;

/** The parts of the operating system that a scheduler needs. */
export interface System {
  platform: NodeJS.Platform;
  /** The home directory of the current user. Throws `E_SCHEDULE` if there is none. */
  readonly homeFolder: string;
  environment: NodeJS.ProcessEnv;
  userId: number;
  /** Runs a program, never through a shell. */
  run(file: string, args: string[], input?: string): Promise<RunResult>;
  read(path: string): string | null;
  write(path: string, content: string, encoding: 'utf8' | 'utf16le'): void;
  /** Replaces a file atomically; only its owner may read it. */
  writePrivate(path: string, content: string): void;
  remove(path: string): void;
}

export const currentSystem: System = {
  platform: process.platform,
  get homeFolder() {
    const folder = homeFolder();
    if (folder !== null) return folder;
    throw new BrokerError(
      'E_SCHEDULE',
      `The current user (${userName()}) has no home directory to install the job in.`,
      {
        help: {
          text: 'Set HOME, or have the job scheduler of this machine run this every hour',
          command: ['remind'],
        },
      },
    );
  },
  environment: process.env,
  userId: process.getuid?.() ?? 0,
  run: (file, args, input = '') => runHelper(file, args, { input, timeoutMs: 30_000 }),
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
  writePrivate(path, content) {
    ensurePrivateDirectory(dirname(path));
    const partial = `${path}.${randomUUID().slice(0, 8)}.partial`;
    writeFileSync(partial, content, { mode: 0o600, flag: 'wx' });
    renameSync(partial, path);
  },
  remove: (path) => rmSync(path, { force: true }),
};
