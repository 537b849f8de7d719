/*
 * Writes the generated pages of docs/. Every file in scripts/docs/ is a generator: it exports `path`, the page that it
 * writes, and `generate`, which returns the text of the page.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(import.meta.dirname, 'docs');

for (const file of readdirSync(folder).sort()) {
  const generator = (await import(join(folder, file))) as { path: string; generate(): Promise<string> };
  writeFileSync(join(root, generator.path), await generator.generate());
  process.stdout.write(`${generator.path}\n`);
}
