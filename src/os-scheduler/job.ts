import { join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { isSingleFile, packageRoot } from '../program-files.ts';
import type { Job } from './scheduler.ts';
import { nodeForJob, stablePath } from './stable-path.ts';

/**
 * The job that runs this installation's `remind` with the settings of a file. Throws `E_SCHEDULE` if a path contains a
 * character that no scheduler accepts.
 */
export function remindJob(settingsFile: string, searchPath = process.env.PATH ?? ''): Job {
  const command = [...programCommand(searchPath), 'remind', '--scheduled', settingsFile];
  if (command.some((word) => /\p{Cc}/u.test(word))) {
    throw new BrokerError(
      'E_SCHEDULE',
      'A directory name contains a line break or another control character, which schedulers do not accept.',
      {
        help: 'Move the program or the data directory (WEBEX_TOKEN_HOME) to a directory without such a name.',
      },
    );
  }
  return { command };
}

/** Starts this program: Node and the launcher, or the single file. The paths survive an upgrade where possible. */
function programCommand(searchPath: string): string[] {
  const program = isSingleFile ? process.execPath : join(packageRoot, 'bin', 'webex-token.cjs');
  const stable = stablePath(program) ?? program;
  return isSingleFile ? [stable] : [nodeForJob(packageRoot, process.execPath, searchPath), stable];
}
