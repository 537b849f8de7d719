import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const textOf = (name: string) => readFileSync(join(src, name), 'utf8');

describe('the source code', () => {
  it('starts other programs in one place only', () => {
    const starting = files.filter((name) =>
      textOf(name)
        .split('\n')
        // A type starts nothing.
        .some(
          (line) =>
            /child_process|worker_threads|from '(execa|open|clipboardy)'/.test(line) &&
            !/^import type /.test(line),
        ),
    );
    expect(starting).toEqual([join('process', 'start-program.ts')]);
  });

  it('asks the system for the user name and home folder only in code that handles a missing one', () => {
    const asking = files.filter((name) => /\b(userInfo|homedir)\b|from 'env-paths'/.test(textOf(name)));
    expect(asking.sort()).toEqual([join('environment', 'os-user.ts')]);
  });
});
