import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generate, path } from '../../scripts/docs/schema.ts';

describe('docs/schema.md', () => {
  it('describes the schema as it is in docs/schema.md; otherwise run: npm run docs', async () => {
    expect(await generate()).toBe(readFileSync(join(import.meta.dirname, '../..', path), 'utf8'));
  });
});
