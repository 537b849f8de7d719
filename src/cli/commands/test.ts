import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { type Help, remediesOf, terminalHelp } from '../../errors/remedy.ts';
import { countTestable, type ProfileTestResult, testProfiles } from '../../vault/tokens/test-profiles.ts';
import { type Check, testToken } from '../../vault/tokens/test-token.ts';
import { rejected } from '../exit-codes.ts';
import { tagOption } from '../options/profile-filter.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { showProgress } from '../terminal/progress.ts';
import { note, printJson, printProse, styled } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('test')
    .description(
      'Check with Webex whether the token works and would pass the connection tests of Entra ID and Okta.',
    )
    .argument('[profile]')
    .option('--all', 'test every profile')
    .option('--tag <tag>', 'test every profile with this tag', tagOption)
    .option('--json', 'print JSON; an array with --all or --tag')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token test acme\n  webex-token test --tag emea\n\nExits 5 if a check fails.',
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
    throw new BrokerError('E_USAGE', 'Name one profile, or use --all or --tag TAG.');
  }
  if (name === undefined) return await testMany(options);
  const { ok, checks } = await withVault((vault, actor) => testToken(vault, name, actor));
  if (!ok) process.exitCode = rejected;
  if (options.json) return printJson({ ok, checks: checks.map(forPrograms) });
  for (const check of checks) printProse(line(check));
}

async function testMany({ tag, json }: TestOptions): Promise<void> {
  const filter = tag === undefined ? {} : { tag };
  const array = json ? new JsonArray() : null;
  await withVault(async (vault, actor) => {
    const progress = showProgress('Testing', await countTestable(vault, filter));
    const counts = { passed: 0, failed: 0, empty: 0 };
    try {
      for await (const result of testProfiles(vault, filter, actor)) {
        counts[result.ok === null ? 'empty' : result.ok ? 'passed' : 'failed'] += 1;
        if (process.stdout.isTTY) progress.end();
        if (array === null) printProse(summaryLine(result));
        else array.add({ ...result, checks: result.checks.map(forPrograms) });
        progress.at(counts.passed + counts.failed + counts.empty);
      }
    } finally {
      progress.end();
    }
    array?.end();
    // A misspelled tag must not look like a test that has passed.
    if (counts.passed + counts.failed + counts.empty === 0) throw nothingToTest(tag);
    note(`${counts.passed} passed, ${counts.failed} failed, ${counts.empty} without a token.`);
    if (counts.failed > 0) process.exitCode = rejected;
  });
}

function nothingToTest(tag: string | undefined): BrokerError {
  const message = tag === undefined ? 'There is no profile to test.' : `No profile has the tag "${tag}".`;
  return new BrokerError('E_NO_PROFILE', message, {
    help: { text: 'To list the profiles', command: ['list'] },
  });
}

function summaryLine({ profile, ok, checks }: ProfileTestResult): string {
  if (ok === null) return `${styled('dim', '–  no token')}  ${profile}`;
  if (ok) return `${styled('green', '✓  passed ')}  ${profile}`;
  const why = checks.filter((check) => check.ok === false).map(({ message }) => message);
  return `${styled('red', '✗  failed ')}  ${profile}: ${why.join(' ')}`;
}

function forPrograms({ id, ok, message, help }: Check): { id: string; ok: boolean | null; message: string } {
  return { id, ok, message: help === undefined ? message : `${message} ${oneLine(help)}` };
}

function line({ ok, message, help }: Check): string {
  const mark =
    ok === null
      ? styled('yellow', '?  unknown')
      : ok
        ? styled('green', '✓  passed ')
        : styled('red', '✗  failed ');
  return `${mark}  ${message}${help === undefined ? '' : `\n              ${oneLine(help)}`}`;
}

function oneLine(help: Help): string {
  return terminalHelp(remediesOf(help)).replaceAll('\n', ' ');
}
