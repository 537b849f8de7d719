import { Command } from 'commander';
import { tokenEnvironment } from '../../output/formats.ts';
import { toTokenOutput } from '../../output/token-output.ts';
import { environmentForExec } from '../../process/environments.ts';
import { execute, SpawnError } from '../../process/exec.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { reportError } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('exec')
    .description('Run a program with the token in its environment. Ends with that program’s exit code.')
    .usage('[options] <profile> -- <command> [arguments…]')
    .argument('<profile>')
    .argument('<command>', 'the program to run')
    .argument('[arguments...]', 'its arguments')
    .option('--allow-expired', 'also when its time is over')
    .addHelpText(
      'after',
      `
It finds WEBEX_ACCESS_TOKEN, WEBEX_ORG_ID, WEBEX_SCIM_TENANT_URL and WEBEX_TOKEN_EXPIRES_AT.
Passphrases and other secrets of this program (WEBEX_TOKEN_PASSPHRASE and the like) are not handed on to it.
Ends with 127 where there is no such program, with 128 + n where signal n ended it.

Example:
  webex-token exec acme -- ./sync-users.sh`,
    )
    .action(exec);
}

async function exec(
  profile: string,
  program: string,
  args: string[],
  options: { allowExpired?: boolean },
): Promise<void> {
  const given = await withVault(async (vault, actor) =>
    tokenEnvironment(toTokenOutput(vault, await readToken(vault, profile, actor, options.allowExpired))),
  );
  try {
    process.exitCode = await execute({
      command: program,
      args,
      environment: { ...environmentForExec(), ...given },
      terminal: [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
    });
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    reportError(error);
    process.exitCode = error.exitCode;
  }
}
