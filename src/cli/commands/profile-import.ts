import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { formatCount } from '../../text/count.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import type { ProfileRow, RawProfileRow } from '../../vault/profiles/csv-row.ts';
import {
  importBatchSize,
  importProfiles,
  planImport,
  type RowResult,
} from '../../vault/profiles/import-profiles.ts';
import { parseProfileRows } from '../../vault/profiles/profile-rows.ts';
import { failed } from '../exit-codes.ts';
import { readProfileFile } from '../options/profile-csv.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { showProgress } from '../terminal/progress.ts';
import { note, print, suggestNext, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function profileImportCommand(): Command {
  return new Command('import')
    .description('Import profiles, and their tokens if it contains any, from a CSV file.')
    .argument('<file>', 'the CSV file, or - for standard input')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--skip-invalid', 'import the valid rows even if others are invalid')
    .option('--json', 'print JSON, one object for each row')
    .addHelpText(
      'after',
      '\nThe first line contains the column names. Only profile is required; it can be a name such as Acme Corporation, for which commands use acme-corporation. Optional columns: display_name, org_id, deployment, contact, tags. To import tokens too: access_token, captured_at, expires_at.\n\nExample:\n  webex-token profile import customers.csv --dry-run',
    )
    .action(importFile);
}

interface ImportOptions {
  dryRun?: boolean;
  skipInvalid?: boolean;
  json?: boolean;
}

async function importFile(path: string, options: ImportOptions): Promise<void> {
  const file = await readProfileFile(path);
  const invalid = await withVault((vault, actor) => run(vault, actor, file.rows, options));
  if (file.holdsTokens) {
    warn(
      path === '-'
        ? 'The tokens in the input were not encrypted. Delete the file that they came from, and its copies.'
        : `${path} contains unencrypted tokens. Delete it and its copies after the import.`,
    );
  }
  if (invalid > 0 && options.skipInvalid !== true) process.exitCode = failed;
  else if (options.dryRun === true) suggestNext(['profile', 'import', path]);
  else suggestNext(['list']);
}

/** Returns the number of invalid rows. */
async function run(
  vault: Vault,
  actor: Actor,
  raw: RawProfileRow[],
  options: ImportOptions,
): Promise<number> {
  const { rows, invalid: unparsed } = parseProfileRows(raw, vault.now());
  const report = new Report(options.json === true, options.dryRun === true);
  const planned = await inBatches('Checking', rows, (batch) => planImport(vault, batch));
  const invalid = [...unparsed, ...planned.filter(({ outcome }) => outcome === 'invalid')];
  const isRefused = invalid.length > 0 && options.skipInvalid !== true;
  if (options.dryRun === true || isRefused) {
    // Without a dry run, nobody may take the other rows for imported.
    const shown = options.dryRun === true ? [...unparsed, ...planned] : invalid;
    report.addAll(shown.toSorted((a, b) => a.line - b.line));
    report.end(options.dryRun === true ? 'Dry run: nothing was stored.' : refusal(invalid.length));
    return invalid.length;
  }
  // Rows that are already in the store are skipped, so a second run continues an interrupted one.
  const unchanged = new Set(planned.filter(({ outcome }) => outcome === 'unchanged').map(({ line }) => line));
  report.addAll([...unparsed, ...planned.filter(({ line }) => unchanged.has(line))]);
  const done = await inBatches(
    'Importing',
    rows.filter(({ line }) => !unchanged.has(line)),
    (batch) => importProfiles(vault, batch, actor),
    (results) => report.addAll(results),
  );
  report.end(null);
  return unparsed.length + done.filter(({ outcome }) => outcome === 'invalid').length;
}

function refusal(invalid: number): string {
  return `Nothing was stored because ${invalid === 1 ? 'a row is invalid' : `${formatCount(invalid)} rows are invalid`}. Fix the file, or import the valid rows with --skip-invalid.`;
}

/** Long enough that another process waiting for the store can use it in between. Milliseconds. */
const betweenBatchesMs = 30;

async function inBatches(
  title: string,
  rows: ProfileRow[],
  handle: (batch: ProfileRow[]) => Promise<RowResult[]>,
  onResults: (results: RowResult[]) => void = () => {},
): Promise<RowResult[]> {
  const progress = showProgress(title, rows.length);
  const results: RowResult[] = [];
  try {
    for (let at = 0; at < rows.length; at += importBatchSize) {
      progress.at(at);
      const batchResults = await handle(rows.slice(at, at + importBatchSize));
      results.push(...batchResults);
      // The results must not overlap with the progress line.
      if (process.stdout.isTTY) progress.end();
      onResults(batchResults);
      // A running server and other commands wait for the same lock.
      await sleep(betweenBatchesMs);
    }
  } finally {
    progress.end();
  }
  return results;
}

type Outcome = RowResult['outcome'];

/** What a dry run says instead: nothing is created or updated. */
const planned: Partial<Record<Outcome, { text: string; json: string }>> = {
  created: { text: 'would be created', json: 'would-create' },
  updated: { text: 'would be updated', json: 'would-update' },
};

/** Prints one line for each row on standard output, and totals on standard error. */
class Report {
  readonly #json: JsonArray | null;
  readonly #counts: Record<Outcome, number> = { created: 0, updated: 0, unchanged: 0, invalid: 0 };
  readonly #dryRun: boolean;
  #tokens = 0;

  constructor(json: boolean, dryRun: boolean) {
    this.#json = json ? new JsonArray() : null;
    this.#dryRun = dryRun;
  }

  addAll(results: readonly RowResult[]): void {
    for (const { outcome, token } of results) {
      this.#counts[outcome] += 1;
      if (token) this.#tokens += 1;
    }
    if (this.#json !== null) {
      this.#json.addAll(results.map((each) => ({ ...each, outcome: this.#words(each.outcome).json })));
    } else if (results.length > 0) {
      print(results.map((each) => lineOf(each, this.#words(each.outcome).text)).join('\n'));
    }
  }

  end(conclusion: string | null): void {
    this.#json?.end();
    const counts = Object.entries(this.#counts)
      .filter(([, count]) => count > 0)
      .map(([outcome, count]) => `${formatCount(count)} ${this.#words(outcome as Outcome).text}`);
    if (this.#tokens > 0) counts.push(`${formatCount(this.#tokens)} with a token that is not verified yet`);
    note(counts.length === 0 ? 'The file has no rows.' : `${counts.join(', ')}.`);
    if (conclusion !== null) note(conclusion);
  }

  #words(outcome: Outcome): { text: string; json: string } {
    const words = this.#dryRun ? planned[outcome] : undefined;
    return words ?? { text: outcome, json: outcome };
  }
}

function lineOf({ line, profile, token, reason }: RowResult, outcome: string): string {
  const words = [`line ${line}`, profile.replace(/[^\x20-\x7e]/g, '?'), outcome];
  if (token) words.push('with a token');
  return reason === null ? words.join('  ') : `${words.join('  ')}: ${reason}`;
}
