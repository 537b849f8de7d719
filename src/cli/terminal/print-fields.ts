import { standardOutput } from './standard-streams.ts';
import { print } from './terminal.ts';
import { wrap } from './wrap.ts';

/** Prints labels with their values; on a terminal, a long value continues below its start. An empty label continues the one above. */
export function printFields(fields: readonly [label: string, value: string][]): void {
  const { isTTY, columns } = standardOutput();
  print(fieldsText(fields, isTTY && columns ? columns : Number.POSITIVE_INFINITY));
}

/** The fields as lines of at most so many columns, if the words of the values allow that. */
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
