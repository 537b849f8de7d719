import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'scripts/docs');

describe('generated documentation', () => {
  it.each(readdirSync(folder))('is current: scripts/docs/%s', async (file) => {
    const generator = (await import(join(folder, file))) as { path: string; generate(): Promise<string> };
    // To update it, run `npm run docs`.
    expect(readFileSync(join(root, generator.path), 'utf8')).toBe(await generator.generate());
  });
});

describe('docs/README.md', () => {
  it('lists every document', () => {
    const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
    const documents = readdirSync(join(root, 'docs')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md',
    );
    expect(documents.filter((name) => !index.includes(`](${name})`))).toEqual([]);
  });
});

describe('the documents', () => {
  const documents = [
    'README.md',
    'SECURITY.md',
    ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ];

  it.each(documents.filter((path) => path.endsWith('.md')))('have a heading for every table: %s', (path) => {
    const lines = readFileSync(join(root, path), 'utf8').split('\n');
    // A blank line within a table turns what follows it into plain text.
    const withoutHeading = lines.filter(
      (line, at) =>
        line.startsWith('|') && !lines[at - 1]?.startsWith('|') && !/^\|[ :|-]+\|$/.test(lines[at + 1] ?? ''),
    );
    expect(withoutHeading).toEqual([]);
  });
});
