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
 * Assembles the file tree of the container image without a container engine: the last stage of deploy/Containerfile, from
 * this checkout as its build stage leaves it. In place of the base image it takes this Node and the libraries that it needs.
 * As root, the files get their owners.
 *
 *   node scripts/image-root.ts [FOLDER]    the default folder is release/image-root
 */
const root = join(import.meta.dirname, '..');
const [target = join(root, 'release', 'image-root')] = process.argv.slice(2);
const stage = readLastStage(readFileSync(join(root, 'deploy/Containerfile'), 'utf8'));

// Neither the umask here nor that of the checkout counts in the image.
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
// What an engine creates to mount something there: its own files, and the certificate of docs/deployment.md.
for (const name of ['proc', 'dev', 'tls']) mkdirSync(join(target, name));
process.stdout.write(`${target}\n`);

/** What `nodejs24-debian13:nonroot` has of what is used: Node, its libraries, its user, and certificate authorities. */
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

/** What the loader of this system loads for a program: absolute paths. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

function addFile(from: string, to: string): void {
  mkdirSync(dirname(join(target, to)), { recursive: true });
  copyFileSync(from, join(target, to));
}

/** As `npm ci` and `npm prune --omit=dev` leave it. */
function copyFromCheckout(name: string, to: string): void {
  if (name !== 'node_modules') {
    cpSync(join(root, name), to, { recursive: true });
    return;
  }
  for (const path of productionPackages()) {
    const from = join(root, path);
    // A package inside another one is in the list itself.
    const filter = (each: string) => each !== join(from, 'node_modules');
    cpSync(from, join(to, relative('node_modules', path)), { recursive: true, filter });
  }
}

/** The folders in `node_modules` that are not for development alone, by the lockfile. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(root, path)))
    .map(([path]) => path);
}

/** As the build stage leaves them. */
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
