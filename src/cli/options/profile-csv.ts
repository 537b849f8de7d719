import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { BrokerError } from '../../errors/broker-error.ts';
import { decodeText } from '../../text/decode-text.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { type ProfileColumn, profileColumns, type RawProfileRow } from '../../vault/profiles/csv-row.ts';
import { readStandardInput } from '../terminal/terminal.ts';

/** More than a million profiles need. Bytes. */
const mostBytes = 400_000_000;

export interface ProfileFile {
  rows: RawProfileRow[];
  /** Whether it contains tokens, which are not encrypted there. */
  holdsTokens: boolean;
}

/**
 * Reads a CSV file of profiles; `-` is standard input. Throws `E_CSV`, or `E_FILE_PERMISSIONS` if it contains tokens and
 * other users can read it.
 */
export async function readProfileFile(path: string): Promise<ProfileFile> {
  const { text, mode } =
    path === '-' ? { text: await readStandardInput(mostBytes), mode: null } : fromFile(path);
  const rows = readRows(text);
  const holdsTokens = rows.some(({ cells }) => cells.access_token !== undefined);
  if (holdsTokens && mode !== null && process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new BrokerError(
      'E_FILE_PERMISSIONS',
      `The file ${path} contains tokens, and other users of this computer can read it (mode ${(mode & 0o777).toString(8)}).`,
      { help: `Run chmod 600 '${path}', then try again. Nothing was stored.` },
    );
  }
  return { rows, holdsTokens };
}

function fromFile(path: string): { text: string; mode: number } {
  try {
    const file = openSync(path, 'r');
    try {
      const { mode, size } = fstatSync(file);
      if (size > mostBytes) throw invalid('The file is larger than 400 megabytes', 'Split it.');
      return { text: decodeText(readFileSync(file), `The file ${path}`, 'E_CSV'), mode };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new BrokerError('E_INPUT', `The file ${path} cannot be read (${code}).`, { cause: error });
  }
}

function readRows(text: string): RawProfileRow[] {
  const records = parseRecords(text);
  const [header, ...rest] = records;
  if (header === undefined) throw invalid('The file is empty', headerHelp);
  const columns = readHeader(header.record);
  return rest
    .filter(({ record }) => record.some((cell) => cell !== ''))
    .map(({ record, info }) => {
      const cells: RawProfileRow['cells'] = {};
      columns.forEach((column, at) => {
        const cell = record[at];
        if (cell !== undefined && cell !== '') cells[column] = cell;
      });
      if (record.length > columns.length) {
        throw invalid(
          `Line ${info.lines} has ${record.length} cells, and the header has ${columns.length} columns`,
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
  // Spreadsheets use semicolons where the comma is the decimal separator.
  const delimiter = /^[^\n,]*;/.test(text) ? ';' : ',';
  try {
    return parse(text, {
      delimiter,
      info: true,
      relax_column_count: true,
      trim: true,
      record_delimiter: ['\r\n', '\n', '\r'],
    }) as unknown as CsvRecord[];
  } catch (error) {
    // Its message may contain text of the file.
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? ` in line ${error.lines}` : '';
    throw invalid(
      `The file has a misplaced quotation mark${line}`,
      'Inside quotes, write a quotation mark twice.',
    );
  }
}

function readHeader(cells: string[]): ProfileColumn[] {
  const columns = cells.map((cell) => cell.toLowerCase().replace(/[\s-]+/g, '_'));
  const unknown = columns.find((column) => !(profileColumns as readonly string[]).includes(column));
  if (unknown !== undefined) {
    throw invalid(`Unknown column "${sanitizeForDisplay(unknown, 40)}"`, headerHelp);
  }
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) throw invalid(`The column "${twice}" occurs twice`, headerHelp);
  if (!columns.includes('profile')) throw invalid('The column "profile" is missing', headerHelp);
  return columns as ProfileColumn[];
}

const headerHelp = `The first line names the columns: profile (required), ${profileColumns.slice(1).join(', ')}.`;

function invalid(what: string, help: string): BrokerError {
  return new BrokerError('E_CSV', `${what}.`, { help: `${help} Nothing was stored.` });
}
