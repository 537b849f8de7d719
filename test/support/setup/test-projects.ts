import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The vitest projects on SQLite; each test file is in exactly one. The store's tests run once more on PostgreSQL. */
export type TestProject = 'unit' | 'integration' | 'browser' | 'slow';

/** Folders whose tests are slow regardless of what they import. */
const folders: Record<string, TestProject> = {
  'test/browser': 'browser',
  'test/crash': 'slow',
  'test/fuzz': 'slow',
  'test/interoperability': 'slow',
  'test/keychain': 'slow',
  'test/package': 'slow',
};

/** Paths below the project's root, by project. The tests of PostgreSQL itself are in none. */
export function testFilesByProject(root: string): Record<TestProject, string[]> {
  const files: Record<TestProject, string[]> = { unit: [], integration: [], browser: [], slow: [] };
  for (const file of globSync('test/**/*.test.ts', { cwd: root }).sort()) {
    if (file.startsWith('test/postgres/')) continue;
    files[projectOf(root, file)].push(file);
  }
  return files;
}

function projectOf(root: string, file: string): TestProject {
  const folder = Object.keys(folders).find((path) => file.startsWith(`${path}/`));
  if (folder !== undefined) return folders[folder] ?? 'unit';
  return needsProcess(root, file) ? 'integration' : 'unit';
}

/** What starts other programs, and what changes a whole process: its umask, its time zone. Does not match this file. */
const ofProcesses =
  /from 'node:child[_]process'|support\/processes\/|src\/process\/(clipboard|exec|run-helper|start-program|watched-program)|channels\/desktop|process\.umask|env\.TZ\b/;

/** Whether a test, or a helper that it imports, starts other programs or needs its own process. */
function needsProcess(root: string, file: string): boolean {
  return withHelpers(root, file).some((path) => ofProcesses.test(readFileSync(join(root, path), 'utf8')));
}

/** Folders whose tests, as far as they open a store, run on PostgreSQL too. */
const ofStore =
  /^test\/(attacks\/audit-chains|(api|background|calendar|monitoring|relay|reminders|store|vault)\/)/;

/**
 * What a test itself names if the store matters to it. A test without that sends requests to a server, or reads messages,
 * and its server has a store because every server has one; the same code on the store has other tests.
 */
const namesStore = /src\/(store|vault)\/|\bdb\b|support\/store\//;

/** About the files of SQLite. */
const ofSqlite = 'test/store/open.test.ts';

/**
 * The test files that run on PostgreSQL: its own, and those that open a store on the engine under test, and name it.
 * test/test-projects.test.ts lists those that are left out, with the reasons.
 */
export function testFilesOnPostgres(root: string): string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter(
      (file) =>
        file.startsWith('test/postgres/') ||
        (ofStore.test(file) && file !== ofSqlite && dependsOnEngine(root, file)),
    )
    .sort();
}

function dependsOnEngine(root: string, file: string): boolean {
  return namesStore.test(readFileSync(join(root, file), 'utf8')) && opensStore(root, file);
}

function opensStore(root: string, file: string): boolean {
  return withHelpers(root, file).includes('test/support/store/engines.ts');
}

/** A test file and all helpers that it imports. */
function withHelpers(root: string, file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, path = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
    const imported = normalize(join(dirname(file), path));
    if (imported.startsWith('test/')) withHelpers(root, imported, seen);
  }
  return [...seen];
}
