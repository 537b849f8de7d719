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
    .description('Run a program with the token in its environment.')
    .usage('[options] <profile> -- <command> [arguments…]')
    .argument('<profile>')
    .argument('<command>', 'the program to run')
    .argument('[arguments...]', 'its arguments')
    .option('--allow-expired', 'use the token even if it has expired')
    .addHelpText(
      'after',
      `
Sets WEBEX_ACCESS_TOKEN, WEBEX_ORG_ID, WEBEX_SCIM_TENANT_URL and WEBEX_TOKEN_EXPIRES_AT, and removes
the secrets of webex-token itself, such as WEBEX_TOKEN_PASSPHRASE.
Exits with the program's own exit code, 127 if it is not found, or 128 + n if signal n ended it.

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
