import { Command, InvalidArgumentError, Option } from 'commander';
import { profileStatuses } from '../../domain/profile-status.ts';
import type { ProfileSummary } from '../../domain/profile-summary.ts';
import { destinationLabels } from '../../provisioning/destinations.ts';
import { rowsToCheckBeforeShowing } from '../../vault/integrity/rollback-detection.ts';
import { iterateSummaries } from '../../vault/profiles/profiles.ts';
import { addFilterOptions, type FilterOptions, profileFilter } from '../options/profile-filter.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { isOutputClosed } from '../terminal/output.ts';
import { printTable, widthOf } from '../terminal/print-table.ts';
import { standardOutput } from '../terminal/standard-streams.ts';
import { statusLabel } from '../terminal/status-label.ts';
import { table } from '../terminal/table.ts';
import { note, suggestNext } from '../terminal/terminal.ts';
import { dateInTable } from '../terminal/time.ts';
import { withStore } from '../with-store.ts';

type Destinations = ReadonlyMap<string, string>;
type Cell = (summary: ProfileSummary, destinations: Destinations) => string;

/** The cells of every column. An empty cell sorts last. */
const columns = {
  name: ({ profile, displayName }) => displayName ?? profile,
  profile: ({ profile }) => profile,
  status: (summary) => statusLabel(summary),
  // The date that `days` counts to.
  expires: ({ effectiveExpiresAt }) => (effectiveExpiresAt === null ? '' : dateInTable(effectiveExpiresAt)),
  days: ({ daysLeft }) => (daysLeft === null ? '' : String(daysLeft)),
  deployment: ({ deployment }) => deployment,
  account: ({ account }) => account ?? '',
  destinations: ({ profile }, destinations) => destinations.get(profile) ?? '',
  organization: ({ orgId }) => orgId ?? '',
  contact: ({ contact }) => contact ?? '',
  tags: ({ tags }) => tags.join(' '),
  captured: ({ capturedAt }) => (capturedAt === null ? '' : dateInTable(capturedAt)),
} as const satisfies Record<string, Cell>;

type Column = keyof typeof columns;
const columnNames = Object.keys(columns) as Column[];
const defaultColumns: Column[] = [
  'profile',
  'status',
  'expires',
  'days',
  'deployment',
  'account',
  'destinations',
];

/** The columns that are hidden first on a narrow terminal. */
const dispensable: Column[] = ['deployment', 'account', 'destinations', 'days', 'expires'];

interface ListOptions extends FilterOptions {
  sort?: Column;
  columns?: Column[];
  json?: boolean;
}

export function command(): Command {
  const base = new Command('list').description('List organizations and when their tokens expire.');
  return addFilterOptions(base)
    .addOption(new Option('--sort <column>', 'sort by this column (default: profile)').choices(columnNames))
    .option('--columns <names>', `show these columns: ${columnNames.join(',')}`, parseColumns)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token list --within 30 --json\n  webex-token list --sort days --columns profile,days,account',
    )
    .action(list);
}

async function list({ json, sort, columns: shown, ...filter }: ListOptions): Promise<void> {
  const isFiltered = Object.keys(filter).length > 0;
  await withStore(
    async (store) => {
      const pages = iterateSummaries(store, profileFilter(filter, store.now()));
      // The store returns rows sorted by name, so only another order needs all rows at once.
      if (json && (sort === undefined || sort === 'profile')) return await printPages(pages);
      const summaries: ProfileSummary[] = [];
      for await (const page of pages) summaries.push(...page);
      const destinations = await destinationLabels(store);
      if (sort !== undefined) summaries.sort(by(sort, destinations));
      if (json) {
        const array = new JsonArray();
        array.addAll(summaries);
        return array.end();
      }
      if (summaries.length > 0) {
        const grid = (names: readonly Column[]) =>
          summaries.map((each) => names.map((name) => columns[name](each, destinations)));
        const names = shown ?? defaultColumnsFor(summaries, grid);
        printTable(names.map(titleOf), grid(names));
        if (shown !== undefined) return;
        const hidden = defaultColumns.filter((name) => !names.includes(name));
        noteHidden(hidden.filter((name) => grid([name]).some(([cell]) => cell !== '')));
        return;
      }
      if (isFiltered) return note('No matching organizations.');
      note('No organizations yet.');
      suggestNext(['login', 'NAME']);
    },
    { rowsToCheck: rowsToCheckBeforeShowing },
  );
}

/**
 * On a terminal, as many default columns as fit, starting with the display names if there are any. Programs get all default
 * columns, starting with the technical name.
 */
function defaultColumnsFor(
  summaries: ProfileSummary[],
  grid: (names: readonly Column[]) => string[][],
): Column[] {
  const { isTTY, columns: width } = standardOutput();
  if (!isTTY) return defaultColumns;
  const all: Column[] = summaries.some(({ displayName }) => displayName !== null)
    ? ['name', ...defaultColumns]
    : defaultColumns;
  for (let count = 0; count <= dispensable.length; count += 1) {
    const names = all.filter((name) => !dispensable.slice(0, count).includes(name));
    if (!width || widthOf(table(names.map(titleOf), grid(names))) <= width) return names;
  }
  return all;
}

function noteHidden(hidden: readonly Column[]): void {
  if (hidden.length > 0)
    note(`Too wide for this terminal: ${hidden.join(', ')}. To see them, use --columns.`);
}

function titleOf(column: Column): string {
  return column.toUpperCase();
}

async function printPages(pages: AsyncIterable<ProfileSummary[]>): Promise<void> {
  const array = new JsonArray();
  for await (const page of pages) {
    array.addAll(page);
    if (isOutputClosed()) return;
  }
  array.end();
}

function by(sort: Column, destinations: Destinations) {
  const collator = new Intl.Collator('en', { numeric: true });
  return (a: ProfileSummary, b: ProfileSummary): number => {
    if (sort === 'days' || sort === 'expires')
      return timeOf(a.effectiveExpiresAt) - timeOf(b.effectiveExpiresAt) || 0;
    if (sort === 'status') return urgencyOf(a) - urgencyOf(b);
    const [left, right] = [columns[sort](a, destinations), columns[sort](b, destinations)];
    if ((left === '') !== (right === '')) return left === '' ? 1 : -1;
    return collator.compare(left, right);
  };
}

function urgencyOf({ status }: ProfileSummary): number {
  return profileStatuses.indexOf(status);
}

/** An unknown date counts as later than any other. */
function timeOf(instant: string | null): number {
  return instant === null ? Number.MAX_SAFE_INTEGER : Date.parse(instant);
}

function parseColumns(text: string): Column[] {
  return text.split(',').map((word) => {
    const name = columnNames.find((each) => each === word.trim().toLowerCase());
    if (name !== undefined) return name;
    throw new InvalidArgumentError(
      `Use names from this list, separated by commas: ${columnNames.join(', ')}.`,
    );
  });
}
