import { join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { packageRoot } from '../package-root.ts';
import type { Job } from './scheduler.ts';
import { nodeForJob, stablePath } from './stable-path.ts';

/**
 * This very program, run as `remind` with the settings of a file. Throws `E_SCHEDULE` where no scheduler could take a
 * path.
 */
export function remindJob(settingsFile: string, searchPath = process.env.PATH ?? ''): Job {
  const program = join(packageRoot, 'bin', 'webex-token.cjs');
  const command = [
    nodeForJob(packageRoot, process.execPath, searchPath),
    stablePath(program) ?? program,
    'remind',
    '--scheduled',
    settingsFile,
  ];
  if (command.some((word) => /\p{Cc}/u.test(word))) {
    throw new BrokerError(
      'E_SCHEDULE',
      'A folder’s name has a line break or another control character in it, which schedulers cannot take.',
      { help: 'Move the program, or the data folder (WEBEX_TOKEN_HOME), to another folder.' },
    );
  }
  return { command };
}
