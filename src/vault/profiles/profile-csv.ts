import { CsvError, parse } from 'csv-parse/sync';
import type { Profile } from '../../domain/profile.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { plural } from '../../text/count.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { type ProfileColumn, profileColumns, type RawProfileRow } from './csv-row.ts';

const exportedColumns = [
  'profile',
  'display_name',
  'org_id',
  'deployment',
  'contact',
  'tags',
] as const satisfies ProfileColumn[];

/** The header of an export. It never has a column for tokens. */
export const profileCsvHeader = `${exportedColumns.join(',')}\r\n`;

/** One line of an export, in the format that `parseProfileCsv` reads. */
export function profileCsvLine({ name, displayName, orgId, deployment, contact, tags }: Profile): string {
  const cells = [name, displayName ?? '', orgId ?? '', deployment, contact ?? '', tags.join(' ')];
  return `${cells.map(cellOf).join(',')}\r\n`;
}

/** A spreadsheet would take a cell that starts with one of these signs for a formula, also in full width. */
const formulaSigns = '=+\\-@\uff1d\uff0b\uff0d\uff20';
const formula = new RegExp(`^[${formulaSigns}]`);
const neutralFormula = new RegExp(`^'(?=[${formulaSigns}])`);

function cellOf(text: string): string {
  const neutral = formula.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(neutral) ? `"${neutral.replaceAll('"', '""')}"` : neutral;
}

/**
 * The rows of a CSV file of profiles, according to its header. Removes the apostrophe that an export puts before a character that
 * would start a formula. Throws `E_CSV`.
 */
export function parseProfileCsv(text: string): RawProfileRow[] {
  const records = parseRecords(text);
  const [header, ...rest] = records;
  if (header === undefined) throw csvError('The file is empty', headerHelp);
  const columns = readHeader(header.record);
  return rest
    .map(({ record, info }) => ({ record: withoutEmptyEnd(record), info }))
    .filter(({ record }) => record.length > 0)
    .map(({ record, info }) => {
      const cells: RawProfileRow['cells'] = {};
      columns.forEach((column, at) => {
        const cell = record[at]?.trim();
        if (cell !== undefined && cell !== '') cells[column] = cell.replace(neutralFormula, '');
      });
      if (record.length > columns.length) {
        throw csvError(
          `Line ${info.lines} has ${plural(record.length, 'cell')}, but the header has ${plural(columns.length, 'column')}`,
          'Put quotes around a cell that contains a comma: "one, two".',
        );
      }
      return { line: info.lines, cells };
    });
}

interface CsvRecord {
  record: string[];
  info: { lines: number };
}

function parseRecords(text: string): CsvRecord[] {
  // Spreadsheets use semicolons where the comma is the decimal separator, and tabs in UTF-16.
  const delimiter = /^[^\n,;\t]*([,;\t])/.exec(text)?.[1] ?? ',';
  try {
    return parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      // By default, a tab is white space to trim, and empty cells at the start of a line get lost.
      trim: delimiter !== '\t',
      record_delimiter: ['\r\n', '\n', '\r'],
    }) as unknown as CsvRecord[];
  } catch (error) {
    // The error's message may contain text from the file.
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? ` in line ${error.lines}` : '';
    throw csvError(
      `The file has a misplaced quotation mark${line}`,
      'Inside quotes, double each quotation mark.',
    );
  }
}

/** A record without the empty cells at its end: spreadsheets export columns that were used once. */
function withoutEmptyEnd(record: string[]): string[] {
  return record.slice(0, record.findLastIndex((cell) => cell.trim() !== '') + 1);
}

function readHeader(cells: string[]): ProfileColumn[] {
  const columns = withoutEmptyEnd(cells).map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const unnamed = columns.indexOf('');
  if (unnamed !== -1) throw csvError(`Column ${unnamed + 1} has no name`, headerHelp);
  const unknown = columns.find((column) => !(profileColumns as readonly string[]).includes(column));
  if (unknown !== undefined) {
    throw csvError(`Unknown column "${sanitizeForDisplay(unknown, 40)}"`, headerHelp);
  }
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) throw csvError(`The column "${twice}" occurs twice`, headerHelp);
  if (!columns.includes('profile')) throw csvError('The column "profile" is missing', headerHelp);
  return columns as ProfileColumn[];
}

const headerHelp = `The first line contains the column names: profile (required), ${profileColumns.slice(1).join(', ')}.`;

/** An error that concerns the whole file. Nothing was stored. */
export function csvError(what: string, help: string): BrokerError {
  return new BrokerError('E_CSV', `${what}.`, { help: `${help} Nothing was stored.` });
}
