import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');

/** The text of one section, without its heading. */
function section(title: string): string {
  const [, after = ''] = text.split(`\n## ${title}\n`);
  return after.split('\n## ', 1)[0] ?? '';
}

describe('SECURITY.md', () => {
  it('names only tests that exist', () => {
    const named = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names a test for every defense', () => {
    const rows = section('What is defended')
      .split('\n')
      .filter((line) => line.startsWith('| **'));
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter((row) => !/`test\/[^`]+\.test\.ts`[^|]*\|$/.test(row))).toEqual([]);
  });

  it('has a section for reporting, for trust assumptions and for what is not defended', () => {
    for (const title of ['Reporting a vulnerability', 'Trust assumptions', 'What is not defended']) {
      expect([title, section(title).length]).toEqual([title, expect.toSatisfy((size) => Number(size) > 200)]);
    }
  });
});
