import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generate, path } from '../../scripts/docs/schema.ts';

it('describes the schema as it is in docs/schema.md; otherwise run: npm run docs', async () => {
  expect(await generate()).toBe(readFileSync(join(import.meta.dirname, '../..', path), 'utf8'));
});
