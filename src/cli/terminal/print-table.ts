import { stripVTControlCharacters } from 'node:util';
import { standardOutput } from './standard-streams.ts';
import { table } from './table.ts';
import { print } from './terminal.ts';
import { wrap } from './wrap.ts';

/**
 * Prints a table for people. If it is wider than the terminal, columns without any value are left out. If that is not
 * enough, each row becomes a short list. Programs that read the output always get the whole table.
 */
export function printTable(head: string[], rows: string[][]): void {
  const { isTTY, columns } = standardOutput();
  print(isTTY && columns ? fitTable(head, rows, columns) : table(head, rows));
}

/** The table as text of at most `columns` columns, unless a single word is longer. */
export function fitTable(head: string[], rows: string[][], columns: number): string {
  const whole = table(head, rows);
  if (widthOf(whole) <= columns) return whole;
  const used = head.map((_, at) => rows.some((row) => row[at] !== ''));
  const shown = (cells: string[]) => cells.filter((_, at) => used[at]);
  const narrow = table(shown(head), rows.map(shown));
  return widthOf(narrow) <= columns ? narrow : lists(head, rows, columns);
}

/** The width of the text in columns. */
export function widthOf(text: string): number {
  return stripVTControlCharacters(text)
    .split('\n')
    .reduce((most, line) => Math.max(most, line.length), 0);
}

/** The first cell of each row as a heading, and below it the other cells that have a value. */
function lists(head: string[], rows: string[][], columns: number): string {
  const labels = head.slice(1).map((title) => title.toLowerCase());
  const width = Math.max(0, ...labels.map((label) => label.length));
  return rows
    .map(([first = '', ...cells]) =>
      [
        first,
        ...cells.flatMap((cell, at) =>
          cell === '' ? [] : [wrap(`  ${(labels[at] ?? '').padEnd(width)}  ${cell}`, columns)],
        ),
      ].join('\n'),
    )
    .join('\n');
}
