import { standardOutput } from './standard-streams.ts';
import { print } from './terminal.ts';
import { wrap } from './wrap.ts';

/** Prints labels and values. On a terminal, long values are wrapped and indented. An empty label continues the previous value. */
export function printFields(fields: readonly [label: string, value: string][]): void {
  const { isTTY, columns } = standardOutput();
  print(fieldsText(fields, isTTY && columns ? columns : Number.POSITIVE_INFINITY));
}

/** The fields as lines of at most `columns` columns, unless a single word is longer. */
export function fieldsText(fields: readonly [label: string, value: string][], columns: number): string {
  const width = Math.max(0, ...fields.map(([label]) => label.length)) + 2;
  const indent = ' '.repeat(width);
  return fields
    .map(([label, value]) => {
      const lines = value.split('\n').flatMap((line) => wrap(line, columns - width).split('\n'));
      return `${label.padEnd(width)}${lines.join(`\n${indent}`)}`.trimEnd();
    })
    .join('\n');
}
