import { tokenEnvironment } from '../../output/formats.ts';
import { type Caller, rememberCaller } from '../../process/caller.ts';
import { environmentForExec } from '../../process/environments.ts';
import { execute, SpawnError } from '../../process/exec.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { reportError } from '../terminal/terminal.ts';
import { type Handled, readTokenFast } from './read-token.ts';

/** A fast path for `exec PROFILE -- COMMAND [ARGUMENTS…]`. */
export function fastExec(args: string[], caller: Caller): Handled {
  const [profile, separator, command, ...more] = args;
  if (profile === undefined || profile.startsWith('-') || separator !== '--' || command === undefined) {
    return false;
  }
  rememberCaller(caller);
  return readTokenFast(profile, true, (token, database) => {
    // The program may run for days.
    database.close();
    const run = {
      command,
      args: more,
      environment: { ...environmentForExec(), ...tokenEnvironment(token) },
      terminal: [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
    };
    void runProgram(run);
  });
}

async function runProgram(run: Parameters<typeof execute>[0]): Promise<void> {
  try {
    process.exitCode = await execute(run);
  } catch (error) {
    reportError(error);
    process.exitCode = error instanceof SpawnError ? error.exitCode : exitCodeOf(error);
  }
}
