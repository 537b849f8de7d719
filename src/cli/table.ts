import { stripVTControlCharacters } from 'node:util';

/** Columns as wide as their widest cell, two spaces apart; nothing trails. Colour takes no room. */
export function table(head: string[], rows: string[][]): string {
  const width = (cell: string) => stripVTControlCharacters(cell).length;
  const widths = head.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))),
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
