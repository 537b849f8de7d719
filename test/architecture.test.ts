import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The folders of `src` in their order: a folder imports only from those listed before it. */
const folders = [
  ...['program-files', 'errors', 'next-turn', 'text', 'files', 'environment', 'process', 'http', 'instance'],
  ...['webex', 'domain', 'crypto', 'store', 'config', 'vault', 'output', 'reminders', 'provisioning'],
  ...[
    'monitoring',
    'calendar',
    'background',
    'os-scheduler',
    'api',
    'relay',
    'openapi',
    'web',
    'server',
    'cli',
  ],
  ...['simulator', 'demo'],
];
/** Runs in the browser: it imports no other folder, and none imports it. */
const alone = 'browser';
const maxEntries = 15;

const src = join(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const folderOf = (file: string) => file.split(sep)[0]?.replace(/\.ts$/, '') ?? '';
const imports = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const paths = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
  return [...paths].map(([, path = '']) => ({ file, target: relative(src, join(src, dirname(file), path)) }));
});
const entriesOf = (folder: string) => [
  ...new Set(files.filter((file) => folderOf(file) === folder).map((file) => file.split(sep)[1])),
];

describe('the source tree', () => {
  it('lists every folder in the order', () => {
    expect(files.map(folderOf).filter((folder) => folder !== alone && !folders.includes(folder))).toEqual([]);
  });

  it('imports in one direction: a folder imports only from folders before it', () => {
    const wrong = imports.filter(({ file, target }) => {
      const [from, to] = [folderOf(file), folderOf(target)];
      return from !== to && (from === alone || folders.indexOf(to) >= folders.indexOf(from) || to === alone);
    });
    const arrows = wrong.map(({ file, target }) => `${file} → ${target}`);
    expect(arrows).toEqual([]);
  });

  it('shows at most fifteen entries at the top of a folder', () => {
    const crowded = folders.filter((folder) => entriesOf(folder).length > maxEntries);
    expect(crowded).toEqual([]);
  });
});
