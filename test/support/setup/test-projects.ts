import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The vitest projects on SQLite; each test file is in exactly one. The store's tests run once more on PostgreSQL. */
export type TestProject = 'unit' | 'integration' | 'browser' | 'slow';

/** Folders whose tests take long whatever they import. */
const folders: Record<string, TestProject> = {
  'test/browser': 'browser',
  'test/crash': 'slow',
  'test/fuzz': 'slow',
  'test/interoperability': 'slow',
  'test/keychain': 'slow',
  'test/package': 'slow',
};

/** Below the project's root, by project. PostgreSQL's own tests are in none. */
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

/** What starts other programs, and what changes a whole process: its umask, its time zone. */
const ofProcesses =
  /from 'node:child_process'|support\/processes\/|src\/process\/(clipboard|exec|run-helper|start-program)|channels\/desktop|process\.umask|env\.TZ\b/;

/** Whether a test, or a helper that it imports, starts other programs or needs its own process. */
function needsProcess(root: string, file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  if (ofProcesses.test(text)) return true;
  const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );
  return imports.some((path) => path.startsWith('test/') && needsProcess(root, path, seen));
}
