import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { BrokerError } from '../../errors/broker-error.ts';
import { decodeText } from '../../text/decode-text.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { type ProfileColumn, profileColumns, type RawProfileRow } from '../../vault/profiles/csv-row.ts';
import { readStandardInput } from '../terminal/terminal.ts';

/** Far more than a million customers need. Bytes. */
const mostBytes = 400_000_000;

export interface ProfileFile {
  rows: RawProfileRow[];
  /** Whether there are tokens in it, in the clear. */
  holdsTokens: boolean;
}

/**
 * Reads a file of profiles; `-` is standard input. Throws `E_CSV` where it is none, `E_FILE_PERMISSIONS` where it holds
 * tokens that others on this machine can read.
 */
export async function readProfileFile(path: string): Promise<ProfileFile> {
  const { text, mode } =
    path === '-' ? { text: await readStandardInput(mostBytes), mode: null } : fromFile(path);
  const rows = readRows(text);
  const holdsTokens = rows.some(({ cells }) => cells.access_token !== undefined);
  if (holdsTokens && mode !== null && process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new BrokerError(
      'E_FILE_PERMISSIONS',
      `The file ${path} holds tokens, and others on this machine can read it (mode ${(mode & 0o777).toString(8)}).`,
      { help: `Close it with: chmod 600 '${path}'. Nothing was stored.` },
    );
  }
  return { rows, holdsTokens };
}

function fromFile(path: string): { text: string; mode: number } {
  try {
    const file = openSync(path, 'r');
    try {
      const { mode, size } = fstatSync(file);
      if (size > mostBytes) throw wrong('is larger than 400 megabytes', 'Split it.');
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
  if (header === undefined) throw wrong('is empty', headerHelp);
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
        throw wrong(
          `has ${record.length} cells in line ${info.lines}, and ${columns.length} columns`,
          'A cell with a comma in it needs quotes around it: "one, two".',
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
  // As spreadsheets write it where the comma is the decimal point.
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
    // Its message may hold what stands in the file.
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? ` in line ${error.lines}` : '';
    throw wrong(
      `has a quotation mark in the wrong place${line}`,
      'Inside quotes, a quotation mark is written twice.',
    );
  }
}

function readHeader(cells: string[]): ProfileColumn[] {
  const columns = cells.map((cell) => cell.toLowerCase().replace(/[\s-]+/g, '_'));
  const unknown = columns.find((column) => !(profileColumns as readonly string[]).includes(column));
  if (unknown !== undefined) {
    throw wrong(`has the column "${sanitizeForDisplay(unknown, 40)}", which is none`, headerHelp);
  }
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) throw wrong(`has the column "${twice}" twice`, headerHelp);
  if (!columns.includes('profile')) throw wrong('has no column "profile"', headerHelp);
  return columns as ProfileColumn[];
}

const headerHelp = `The first line names the columns: profile, and any of ${profileColumns.slice(1).join(', ')}.`;

function wrong(what: string, help: string): BrokerError {
  return new BrokerError('E_CSV', `The file ${what}.`, { help: `${help} Nothing was stored.` });
}
