import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { BrokerError } from '../../errors/broker-error.ts';
import { decodeText } from '../../text/decode-text.ts';
import { shellString } from '../../text/quoting.ts';
import type { RawProfileRow } from '../../vault/profiles/csv-row.ts';
import { csvError, parseProfileCsv } from '../../vault/profiles/profile-csv.ts';
import { readStandardInput } from '../terminal/terminal.ts';

/** More than enough for a million profiles. Bytes. */
const mostBytes = 400_000_000;

export interface ProfileFile {
  rows: RawProfileRow[];
  /** Whether it contains tokens. They are not encrypted in the file. */
  holdsTokens: boolean;
}

/**
 * Reads a CSV file of profiles; `-` is standard input. Throws `E_CSV`, or `E_FILE_PERMISSIONS` if it contains tokens and
 * other users can read it.
 */
export async function readProfileFile(path: string): Promise<ProfileFile> {
  const { text, mode } =
    path === '-' ? { text: await readStandardInput(mostBytes), mode: null } : fromFile(path);
  const rows = parseProfileCsv(text);
  const holdsTokens = rows.some(({ cells }) => cells.access_token !== undefined);
  if (holdsTokens && mode !== null && process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new BrokerError(
      'E_FILE_PERMISSIONS',
      `The file ${path} contains tokens, and other users of this computer can read it (mode ${(mode & 0o777).toString(8)}).`,
      { help: `Run chmod 600 ${shellString(path)}, then try again. Nothing was stored.` },
    );
  }
  return { rows, holdsTokens };
}

function fromFile(path: string): { text: string; mode: number } {
  try {
    const file = openSync(path, 'r');
    try {
      const { mode, size } = fstatSync(file);
      if (size > mostBytes) throw csvError('The file is larger than 400 megabytes', 'Split it.');
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
