import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readLastStage } from './containerfile.ts';

/*
 * Assembles the file tree of the container image without a container engine: the last stage of deploy/Containerfile, with the
 * files of this checkout as the build stage leaves them. Instead of the base image, it takes this Node and the libraries that
 * Node needs. If it runs as root, the files get their owners.
 *
 *   node scripts/image-root.ts [FOLDER]    the default folder is release/image-root
 */
const root = join(import.meta.dirname, '..');
const [target = join(root, 'release', 'image-root')] = process.argv.slice(2);
const stage = readLastStage(readFileSync(join(root, 'deploy/Containerfile'), 'utf8'));

// The image does not depend on the umask of this process.
process.umask(0o022);
rmSync(target, { recursive: true, force: true });
addBase();
for (const { source, target: to, owner, mode } of stage.copies) {
  const path = join(target, to);
  mkdirSync(dirname(path), { recursive: true });
  if (source === '/data') mkdirSync(path, { mode: 0o700 });
  else if (source.startsWith('/src/')) {
    copyFromCheckout(source.slice('/src/'.length), path);
    makeReadable(path);
  } else throw new Error(`The Containerfile copies ${source}, which this script does not know.`);
  if (mode !== null) chmodSync(path, Number.parseInt(mode, 8));
  setOwner(path, owner);
}
// The mount points that a container engine creates: for its own files, and for the certificate of docs/deployment.md.
for (const name of ['proc', 'dev', 'tls']) mkdirSync(join(target, name));
process.stdout.write(`${target}\n`);

/** Adds what the program uses of `nodejs24-debian13:nonroot`: Node, its libraries, its user, and certificate authorities. */
function addBase(): void {
  addFile(process.execPath, '/nodejs/bin/node');
  const native = productionPackages().flatMap((path) => globSync(join(root, path, '*.node')));
  const libraries = [process.execPath, ...native].flatMap(librariesOf);
  for (const library of new Set(libraries)) addFile(library, library);
  mkdirSync(join(target, 'etc'), { recursive: true });
  writeFileSync(
    join(target, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  writeFileSync(join(target, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  writeFileSync(join(target, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  writeFileSync(join(target, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  const authorities = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(authorities)) addFile(authorities, authorities);
}

/** The libraries that the loader of this system loads for a program. Absolute paths. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

function addFile(from: string, to: string): void {
  mkdirSync(dirname(join(target, to)), { recursive: true });
  copyFileSync(from, join(target, to));
  makeReadable(join(target, to));
}

/** Copies a file or folder in the state in which `npm ci` and `npm prune --omit=dev` leave it. */
function copyFromCheckout(name: string, to: string): void {
  if (name !== 'node_modules') {
    cpSync(join(root, name), to, { recursive: true });
    return;
  }
  for (const path of productionPackages()) {
    const from = join(root, path);
    // A package inside another one has its own entry in the list.
    const filter = (each: string) => each !== join(from, 'node_modules');
    cpSync(from, join(to, relative('node_modules', path)), { recursive: true, filter });
  }
}

/** The packages in `node_modules` that the lockfile does not mark as only for development. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(root, path)))
    .map(([path]) => path);
}

/** Sets the modes of files that every user can read, whatever the umask of the checkout was. */
function makeReadable(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chmodSync(path, stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (stats.isDirectory()) for (const name of readdirSync(path)) makeReadable(join(path, name));
}

function setOwner(path: string, owner: string): void {
  if (process.getuid?.() !== 0) return;
  const [user = 0, group = 0] = owner.split(':').map(Number);
  chownSync(path, user, group);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) setOwner(join(path, name), owner);
}
