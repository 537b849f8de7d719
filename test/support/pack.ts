import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The output of `npm pack --json` about the tarball. Bytes. */
export interface Packed {
  files: { path: string; size: number }[];
  size: number;
  unpackedSize: number;
}

export interface Installed {
  packed: Packed;
  /** The package, unpacked. */
  folder: string;
  /** What `npx webex-token` would run. */
  program: string;
  remove: () => void;
}

/**
 * Packs a copy of this repository as `npm publish` would, with unrelated files in it, and installs the tarball into
 * an empty folder. Nothing is downloaded: the packages that npm would fetch for it are linked to the ones here.
 */
export function packAndInstall(clutter: Record<string, string>): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-pack-'));
  const clone = join(folder, 'clone');
  for (const part of ['bin', 'scripts', 'src', 'views', 'LICENSE', 'README.md', 'package.json']) {
    cpSync(join(root, part), join(clone, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction');
  for (const [name, text] of Object.entries(clutter)) {
    mkdirSync(dirname(join(clone, name)), { recursive: true });
    writeFileSync(join(clone, name), text);
  }
  const packed = pack(clone, folder);
  const installed = install(join(folder, packed.filename), join(folder, 'elsewhere'));
  return { packed, ...installed, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function pack(clone: string, destination: string): Packed & { filename: string } {
  // Its `prepare` builds what is packed, and prints what it likes before the JSON.
  const args = [
    'pack',
    '--json',
    '--offline',
    '--foreground-scripts=false',
    '--pack-destination',
    destination,
  ];
  const out = execFileSync('npm', args, {
    cwd: clone,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(out.slice(out.indexOf('['))) as (Packed & { filename: string })[];
  if (packed === undefined) throw new Error('nothing was packed');
  return packed;
}

function install(tarball: string, consumer: string): { folder: string; program: string } {
  const folder = join(consumer, 'node_modules/webex-token-broker');
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  const { dependencies, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    bin: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(consumer, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  const program = join(consumer, 'node_modules/.bin/webex-token');
  mkdirSync(dirname(program));
  symlinkSync(join(folder, bin['webex-token'] ?? ''), program);
  return { folder, program };
}
