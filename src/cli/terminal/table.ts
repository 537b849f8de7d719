import { stripVTControlCharacters } from 'node:util';

/** Columns as wide as their widest cell, two spaces apart; no trailing spaces. Color codes take no width. */
export function table(head: string[], rows: string[][]): string {
  const width = (cell: string) => (cell.includes('\u001b') ? stripVTControlCharacters(cell) : cell).length;
  // Not Math.max(...rows), because a hundred thousand arguments are too many.
  const widths = head.map((title, column) =>
    rows.reduce((most, row) => Math.max(most, width(row[column] ?? '')), width(title)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
