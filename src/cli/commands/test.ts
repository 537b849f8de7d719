import { Command } from 'commander';
import { type Check, proveToken } from '../../vault/prove.ts';
import { rejected } from '../exit-codes.ts';
import { print, printJson, styled } from '../terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('test')
    .description(
      'Ask Webex: is the token accepted, whose is it, and would Entra ID’s and Okta’s own tests pass?',
    )
    .argument('<profile>')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token test acme\n\nIt ends 5 where one of the checks failed.')
    .action(test);
}

async function test(name: string, options: { json?: boolean }): Promise<void> {
  const { ok, checks } = await withVault((vault, actor) => proveToken(vault, name, actor));
  if (!ok) process.exitCode = rejected;
  if (options.json) return printJson({ ok, checks: checks.map(forPrograms) });
  for (const check of checks) print(line(check));
}

function forPrograms({ id, ok, message, help }: Check): { id: string; ok: boolean | null; message: string } {
  return { id, ok, message: help === undefined ? message : `${message} ${help}` };
}

function line({ ok, message, help }: Check): string {
  const mark =
    ok === null
      ? styled('yellow', '?  unknown')
      : ok
        ? styled('green', '✓  passed ')
        : styled('red', '✗  failed ');
  return `${mark}  ${message}${help === undefined ? '' : `\n              ${help}`}`;
}
