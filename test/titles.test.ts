import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** The functions that declare a test. */
const declares = '(?:it|test|onSqlite|onPostgres)';

/** A test outside of a `describe`: in a formatted file, its line has no indentation. */
const outside = new RegExp(String.raw`^${declares}(?:\.\w+)*\(`, 'gm');

/** The title of a test, on the line of its call or of the end of its table, or alone on the next line. */
const titled = new RegExp(
  String.raw`^\s*(?:${declares}\b[^\n'\`]*\(|${declares}\.each\([^\n]*\)\(|\](?: as const)?\)\()\s*(['"\`])((?:\\.|(?!\1).)*)\1,`,
  'gm',
);

/** Words that start a fragment and not a sentence: "that is gone", "by device code". */
const fragment =
  /^(?:that|which|whose|where|when|while|who|of|for|by|with|without|at|in|on|to|from|as|and|but|nor|so)\b/;

/** What is wrong with a title: it has to go on with "it …", or to be a sentence with its own subject. */
function faultOf(title: string): string | null {
  // A value stands for a word: "refuses %s".
  const words = title.replaceAll(/%[sdifjoO]|\$\{[^}]*\}|\$\w+/g, 'VALUE').match(/[A-Za-z][\w’'-]*/g) ?? [];
  if (words.length < 2 || words.every((word) => word === 'VALUE')) return 'not a sentence';
  if (fragment.test(title)) return 'a fragment';
  if (/^[A-Z][a-z]/.test(title)) return 'starts with a capital letter';
  return /[.:;]$/.test(title) ? 'ends with punctuation' : null;
}

function findingsIn(path: string, text: string): string[] {
  const lineOf = (at: number) => `${path}:${text.slice(0, at).split('\n').length}`;
  return [
    ...[...text.matchAll(outside)].map(({ index }) => `${lineOf(index)}  stands in no describe`),
    ...[...text.matchAll(titled)].flatMap(({ 0: whole, 2: title = '', index }) => {
      const fault = faultOf(title);
      return fault === null ? [] : [`${lineOf(index + whole.length)}  ${fault}: "${title}"`];
    }),
  ];
}

describe('the titles of the tests', () => {
  it.each([
    ["it('refuses a key', () => {});", 'a.ts:1  stands in no describe'],
    ["  it('curl', async () => {", 'a.ts:1  not a sentence: "curl"'],
    ["  it.each([1, 2])('%s', async () => {", 'a.ts:1  not a sentence: "%s"'],
    ["    ['x'],\n  ] as const)('that is gone: %s', () => {", 'a.ts:2  a fragment: "that is gone: %s"'],
    ["  it(\n    'No clipboard here',", 'a.ts:2  starts with a capital letter: "No clipboard here"'],
  ])('are checked: %j', (text, finding) => {
    expect(findingsIn('a.ts', text)).toEqual([finding]);
  });

  it('are sentences within the describe of what they test', () => {
    const findings = globSync('test/**/*.test.ts', { cwd: root })
      .sort()
      .flatMap((path) => findingsIn(path, readFileSync(join(root, path), 'utf8')));
    expect(findings.join('\n')).toBe('');
  });
});
