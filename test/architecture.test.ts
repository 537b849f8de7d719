import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rooms of `src`, from the ground up. A room imports only what stands before it. */
const rooms = [
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
/** Runs in the browser: it imports no other room, and none imports it. */
const alone = 'browser';
const maxEntries = 15;

const src = join(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const roomOf = (file: string) => file.split(sep)[0]?.replace(/\.ts$/, '') ?? '';
const imports = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const paths = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
  return [...paths].map(([, path = '']) => ({ file, target: relative(src, join(src, dirname(file), path)) }));
});
const entriesOf = (room: string) => [
  ...new Set(files.filter((file) => roomOf(file) === room).map((file) => file.split(sep)[1])),
];

describe('the source tree', () => {
  it('has only rooms with a place in the order', () => {
    expect(files.map(roomOf).filter((room) => room !== alone && !rooms.includes(room))).toEqual([]);
  });

  it('imports in one direction: a room imports only what stands before it', () => {
    const wrong = imports.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      return from !== to && (from === alone || rooms.indexOf(to) >= rooms.indexOf(from) || to === alone);
    });
    const arrows = wrong.map(({ file, target }) => `${file} → ${target}`);
    expect(arrows).toEqual([]);
  });

  it('shows no more than some fifteen entries at the top of a room', () => {
    const crowded = rooms.filter((room) => entriesOf(room).length > maxEntries);
    expect(crowded).toEqual([]);
  });
});
