import { stripVTControlCharacters } from 'node:util';

/** Text is not wrapped to fewer columns than this, because it would be unreadable. */
const minColumns = 20;

/** Wraps long lines of text for a terminal. For any other stream, the text is unchanged. */
export function wrapFor(stream: { isTTY?: boolean; columns?: number }, text: string): string {
  return stream.isTTY && stream.columns ? wrap(text, stream.columns) : text;
}

/** Wraps long lines between words, and keeps their indentation. A word that is too long, such as a link, stays whole. */
export function wrap(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, Math.max(columns, minColumns)))
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  // Spaces stay with the word before them, so that table columns keep their distance.
  for (const word of line.slice(indent.length).split(/(?<= )(?=[^ ])/)) {
    if (current !== '' && widthOf(indent + current + word.trimEnd()) > columns) {
      lines.push(indent + current.trimEnd());
      current = '';
    }
    current += word;
  }
  lines.push(indent + current.trimEnd());
  return lines.join('\n');
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
