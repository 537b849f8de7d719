import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { type ProfileRow, parseProfileRow, type RawProfileRow } from '../../vault/profiles/csv-row.ts';
import {
  importBatchSize,
  importProfiles,
  planImport,
  type RowResult,
} from '../../vault/profiles/import-profiles.ts';
import { failed } from '../exit-codes.ts';
import { readProfileFile } from '../options/profile-csv.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { showProgress } from '../terminal/progress.ts';
import { note, print, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const profile = new Command('profile').description('Many profiles at once.');
  profile
    .command('import')
    .description(
      'Make the profiles that a CSV file lists, by a header line: profile, org_id, deployment, contact, tags;\n' +
        'and for tokens that were kept in a file: access_token, captured_at, expires_at.',
    )
    .argument('<file>', 'the file, or - for standard input')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--skip-bad', 'import the good rows, even if there are bad ones')
    .option('--json', 'every row as an array, for programs')
    .addHelpText('after', '\nExample:\n  webex-token profile import customers.csv --dry-run')
    .action(importFile);
  return profile;
}

interface Options {
  dryRun?: boolean;
  skipBad?: boolean;
  json?: boolean;
}

async function importFile(path: string, options: Options): Promise<void> {
  const file = await readProfileFile(path);
  const bad = await withVault((vault, actor) => run(vault, actor, file.rows, options));
  if (file.holdsTokens) {
    warn(
      path === '-'
        ? 'The tokens came in the clear: delete whatever file they stood in, and its copies.'
        : `${path} holds tokens in the clear. Delete it, and its copies, once they are imported.`,
    );
  }
  if (bad > 0 && options.skipBad !== true) process.exitCode = failed;
}

/** The number of bad rows. */
async function run(vault: Vault, actor: Actor, raw: RawProfileRow[], options: Options): Promise<number> {
  const { rows, results: unread } = readRows(raw, vault.now());
  const report = new Report(options.json === true);
  const planned = await inBatches('Checking', rows, (batch) => planImport(vault, batch));
  const bad = [...unread, ...planned.filter(({ outcome }) => outcome === 'bad')];
  if (options.dryRun === true || (bad.length > 0 && options.skipBad !== true)) {
    report.addAll([...unread, ...planned].sort((a, b) => a.line - b.line));
    report.end(options.dryRun === true ? 'Nothing was stored: this was a dry run.' : refusal(bad.length));
    return bad.length;
  }
  // Of what is there already nothing is left to do, so that a second run continues where a first one was cut off.
  const settled = new Set(planned.filter(({ outcome }) => outcome === 'unchanged').map(({ line }) => line));
  report.addAll([...unread, ...planned.filter(({ line }) => settled.has(line))]);
  const done = await inBatches(
    'Importing',
    rows.filter(({ line }) => !settled.has(line)),
    (batch) => importProfiles(vault, batch, actor),
    (results) => report.addAll(results),
  );
  report.end(null);
  return unread.length + done.filter(({ outcome }) => outcome === 'bad').length;
}

function refusal(bad: number): string {
  return `Nothing was stored, for ${bad === 1 ? 'a row is bad' : `${bad.toLocaleString('en')} rows are bad`}. Mend the file, or import the others with --skip-bad.`;
}

/** What can be told of the rows without looking into the store. */
function readRows(raw: RawProfileRow[], now: number): { rows: ProfileRow[]; results: RowResult[] } {
  const rows: ProfileRow[] = [];
  const results: RowResult[] = [];
  const first = new Map<string, number>();
  for (const each of raw) {
    const row = parseProfileRow(each, now);
    // Where the columns are out of step, it may be a token.
    const profile = 'reason' in row ? sanitizeForDisplay(each.cells.profile ?? '', 80) : row.profile;
    const notGood = (reason: string) =>
      results.push({ line: each.line, profile, outcome: 'bad', token: false, reason });
    if ('reason' in row) {
      notGood(row.reason);
      continue;
    }
    const before = first.get(row.profile);
    if (before !== undefined) notGood(`the profile stands in line ${before} already`);
    else {
      first.set(row.profile, row.line);
      rows.push(row);
    }
  }
  return { rows, results };
}

/** Long enough for a process that waits for the store to get its turn. Milliseconds. */
const betweenBatchesMs = 30;

async function inBatches(
  title: string,
  rows: ProfileRow[],
  handle: (batch: ProfileRow[]) => Promise<RowResult[]>,
  tell: (results: RowResult[]) => void = () => {},
): Promise<RowResult[]> {
  const progress = showProgress(title, rows.length);
  const results: RowResult[] = [];
  try {
    for (let at = 0; at < rows.length; at += importBatchSize) {
      progress.at(at);
      const some = await handle(rows.slice(at, at + importBatchSize));
      results.push(...some);
      // Not into the line that shows how far it is.
      if (process.stdout.isTTY) progress.end();
      tell(some);
      // A running server and other commands wait for the same lock.
      await sleep(betweenBatchesMs);
    }
  } finally {
    progress.end();
  }
  return results;
}

/** A line for each row on standard output, the sum of them on standard error. */
class Report {
  readonly #json: JsonArray | null;
  readonly #counts = { created: 0, updated: 0, unchanged: 0, bad: 0 };
  #tokens = 0;

  constructor(json: boolean) {
    this.#json = json ? new JsonArray() : null;
  }

  addAll(results: readonly RowResult[]): void {
    for (const { outcome, token } of results) {
      this.#counts[outcome] += 1;
      if (token) this.#tokens += 1;
    }
    if (this.#json !== null) this.#json.addAll(results);
    else if (results.length > 0) print(results.map(lineOf).join('\n'));
  }

  end(conclusion: string | null): void {
    this.#json?.end();
    const counts = Object.entries(this.#counts)
      .filter(([, count]) => count > 0)
      .map(([outcome, count]) => `${count.toLocaleString('en')} ${outcome}`);
    if (this.#tokens > 0) counts.push(`${this.#tokens.toLocaleString('en')} with a token, unchecked as yet`);
    note(counts.length === 0 ? 'The file lists no profile.' : `${counts.join(', ')}.`);
    if (conclusion !== null) note(conclusion);
  }
}

function lineOf({ line, profile, outcome, token, reason }: RowResult): string {
  const words = [`line ${line}`, profile.replace(/[^\x20-\x7e]/g, '?'), outcome];
  if (token) words.push('with its token');
  return reason === null ? words.join('  ') : `${words.join('  ')}: ${reason}`;
}
