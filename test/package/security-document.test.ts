import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');

test('every test that SECURITY.md names exists', () => {
  const named = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every defense in its table names a test', () => {
  const start = text.indexOf('## What is defended');
  const rows = text
    .slice(start, text.indexOf('## What is not defended'))
    .split('\n')
    .filter((line) => line.startsWith('| **'));
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((row) => !/`test\/[^`]+\.test\.ts`[^|]*\|$/.test(row))).toEqual([]);
});
