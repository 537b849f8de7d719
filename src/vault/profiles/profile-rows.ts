import { sanitizeForDisplay } from '../../text/sanitize.ts';
import { type ProfileRow, parseProfileRow, type RawProfileRow } from './csv-row.ts';
import type { RowResult } from './import-profiles.ts';

/** Parses the rows of a file, without the store, at `now` (epoch milliseconds). Each profile may occur only once. */
export function parseProfileRows(
  raw: readonly RawProfileRow[],
  now: number,
): { rows: ProfileRow[]; invalid: RowResult[] } {
  const rows: ProfileRow[] = [];
  const invalid: RowResult[] = [];
  const first = new Map<string, number>();
  for (const each of raw) {
    const row = parseProfileRow(each, now);
    // If the columns are shifted, this may be a token.
    const profile = 'reason' in row ? sanitizeForDisplay(each.cells.profile ?? '', 80) : row.profile;
    const reject = (reason: string) =>
      invalid.push({ line: each.line, profile, outcome: 'invalid', token: false, reason });
    if ('reason' in row) {
      reject(row.reason);
      continue;
    }
    const before = first.get(row.profile);
    if (before !== undefined) reject(`line ${before} has the same profile`);
    else {
      first.set(row.profile, row.line);
      rows.push(row);
    }
  }
  return { rows, invalid };
}
