import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { countTestable, type ProfileTestResult, testProfiles } from '../../vault/tokens/test-profiles.ts';
import { type Check, testToken } from '../../vault/tokens/test-token.ts';
import { rejected } from '../exit-codes.ts';
import { tagOption } from '../options/profile-filter.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { showProgress } from '../terminal/progress.ts';
import { note, print, printJson, styled } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('test')
    .description(
      'Ask Webex: is the token accepted, whose is it, and would Entra ID’s and Okta’s own tests pass?',
    )
    .argument('[profile]')
    .option('--all', 'every profile')
    .option('--tag <tag>', 'every profile filed under it', tagOption)
    .option('--json', 'as an object, for programs; of many profiles, as an array')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token test acme\n  webex-token test --tag emea\n\nIt ends 5 where one of the checks failed.',
    )
    .action(test);
}

interface TestOptions {
  all?: boolean;
  tag?: string;
  json?: boolean;
}

async function test(name: string | undefined, options: TestOptions): Promise<void> {
  const many = options.all === true || options.tag !== undefined;
  if ((name === undefined) !== many) {
    throw new BrokerError('E_USAGE', 'Name one profile, or say --all or --tag TAG.');
  }
  if (name === undefined) return await testMany(options);
  const { ok, checks } = await withVault((vault, actor) => testToken(vault, name, actor));
  if (!ok) process.exitCode = rejected;
  if (options.json) return printJson({ ok, checks: checks.map(forPrograms) });
  for (const check of checks) print(line(check));
}

async function testMany({ tag, json }: TestOptions): Promise<void> {
  const filter = tag === undefined ? {} : { tag };
  const array = json ? new JsonArray() : null;
  await withVault(async (vault, actor) => {
    const progress = showProgress('Asking Webex', await countTestable(vault, filter));
    const sums = { passed: 0, failed: 0, empty: 0 };
    try {
      for await (const proof of testProfiles(vault, filter, actor)) {
        sums[proof.ok === null ? 'empty' : proof.ok ? 'passed' : 'failed'] += 1;
        if (process.stdout.isTTY) progress.end();
        if (array === null) print(summaryLine(proof));
        else array.add({ ...proof, checks: proof.checks.map(forPrograms) });
        progress.at(sums.passed + sums.failed + sums.empty);
      }
    } finally {
      progress.end();
    }
    array?.end();
    note(`${sums.passed} passed, ${sums.failed} failed, ${sums.empty} without a token.`);
    if (sums.failed > 0) process.exitCode = rejected;
  });
}

function summaryLine({ profile, ok, checks }: ProfileTestResult): string {
  if (ok === null) return `${styled('dim', '–  no token')}  ${profile}`;
  if (ok) return `${styled('green', '✓  passed ')}  ${profile}`;
  const why = checks.filter((check) => check.ok === false).map(({ message }) => message);
  return `${styled('red', '✗  failed ')}  ${profile}: ${why.join(' ')}`;
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
