import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { startSimulator } from '../src/simulator/simulator.ts';
import { signIn } from '../src/simulator/webex/sign-in.ts';
import { outputOf, type ProcessOutput } from '../test/support/cli/process-output.ts';

/*
 * Tests both ways to install this program in fresh Debian roots: the single file without Node, and the packed package with Node
 * 24 and npm. In each root, an ordinary user signs in to the simulated Webex, gets the token and serves the pages. This needs
 * root, debootstrap, a Debian mirror, an npm registry, some minutes, and 1 GB of disk while it runs. Run "npm run single-file"
 * first.
 *
 *   npm run fresh-roots
 */
const root = join(import.meta.dirname, '..');
const singleFile = join(root, 'release', `webex-token-${process.platform}-${process.arch}`);
const npm = dirname(dirname(process.env.npm_execpath ?? ''));
const reason = reasonToSkip();
if (reason !== null) {
  process.stdout.write(`skipped: ${reason}\n`);
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'webex-token-fresh-roots-'));
chmodSync(folder, 0o755);
/** Killed at the end, even after an error. */
const servers: ChildProcess[] = [];
try {
  const fresh = createRoot('without-node');
  const withNode = join(folder, 'with-node');
  // Node's `cp` does not keep the owners.
  execFileSync('cp', ['-a', fresh, withNode]);

  cpSync(singleFile, join(fresh, 'usr/local/bin/webex-token'));
  await testInstallation(fresh, 'the single file, without Node');
  rmSync(fresh, { recursive: true });

  installPackage(withNode);
  await testInstallation(withNode, 'the packed package, with Node 24');
} finally {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Why the test cannot run here; null if it can. */
function reasonToSkip(): string | null {
  if (process.getuid?.() !== 0) return 'only root can set up a root';
  if (spawnSync('debootstrap', ['--version']).error !== undefined) return 'debootstrap is not installed';
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'this machine allows no mount namespace';
  if (!existsSync(join(npm, 'bin/npm-cli.js'))) return 'it was not started by "npm run"';
  return existsSync(singleFile) ? null : `${singleFile} does not exist`;
}

/** A minimal Debian with an ordinary user. */
function createRoot(name: string): string {
  const path = join(folder, name);
  const release = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  execFileSync('debootstrap', ['--variant=minbase', release, path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(join(path, 'var/cache/apt'), { recursive: true, force: true });
  execFileSync('chroot', [path, 'useradd', '--create-home', '--uid', '1000', 'ada']);
  for (const program of ['node', 'npm']) {
    if (spawnSync('chroot', [path, 'sh', '-c', `command -v ${program}`]).status === 0)
      throw new Error(program);
  }
  printLine(`a fresh Debian ${release} without Node: ${megabytes(path)} MB`);
  return path;
}

/** Installs Node 24 and npm, and with them the package that "npm publish" would publish. */
function installPackage(path: string): void {
  cpSync(process.execPath, join(path, 'usr/local/bin/node'));
  cpSync(npm, join(path, 'usr/local/lib/node_modules/npm'), { recursive: true });
  execFileSync(
    process.execPath,
    [join(npm, 'bin/npm-cli.js'), 'pack', '--pack-destination', join(path, 'root')],
    {
      cwd: root,
      stdio: 'pipe',
    },
  );
  const tarball = readdirSync(join(path, 'root')).find((name) => name.endsWith('.tgz')) ?? '';
  // In the root, npm reaches the registry in the same way as on this machine.
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (authorities) cpSync(authorities, join(path, 'root/authorities.pem'));
  cpSync('/etc/resolv.conf', join(path, 'etc/resolv.conf'), { dereference: true });
  const registry = execFileSync(
    process.execPath,
    [join(npm, 'bin/npm-cli.js'), 'config', 'get', 'registry'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  ).trim();
  const environment = {
    HOME: '/root',
    ...(authorities && {
      NODE_EXTRA_CA_CERTS: '/root/authorities.pem',
      npm_config_cafile: '/root/authorities.pem',
    }),
    npm_config_registry: registry,
    npm_config_update_notifier: 'false',
  };
  const npmCli = '/usr/local/lib/node_modules/npm/bin/npm-cli.js';
  const install = ['/usr/local/bin/node', npmCli, 'install', '--global', `/root/${tarball}`];
  const [file = '', ...args] = inRoot(path, 'root', environment, install);
  execFileSync(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const modules = join(path, 'usr/local/lib/node_modules/webex-token-broker');
  printLine(`npm install --global ${basename(tarball)}: ${megabytes(modules)} MB with its packages`);
  for (const name of ['typescript', 'vitest', 'esbuild', 'node']) {
    if (existsSync(join(modules, 'node_modules', name)))
      throw new Error(`a package for development: ${name}`);
  }
}

/** Signs in, gets the token and serves the pages, as an ordinary user. Throws if a step fails. */
async function testInstallation(path: string, title: string): Promise<void> {
  printLine(title);
  const webex = await startSimulator();
  const { commercial, government } = webex.endpoints;
  const port = await freePort();
  const environment = {
    HOME: '/home/ada',
    WEBEX_TOKEN_PORT: String(port),
    WEBEX_TOKEN_IDBROKER_URL: commercial.idbroker,
    WEBEX_TOKEN_API_URL: commercial.api,
    WEBEX_TOKEN_SCIM_URL: commercial.scim,
    WEBEX_TOKEN_IDBROKER_F_URL: government.idbroker,
    WEBEX_TOKEN_API_F_URL: government.api,
    WEBEX_TOKEN_SCIM_F_URL: government.scim,
  };
  const run = async (args: string[], input: (command: ProcessOutput) => Promise<string> = async () => '') => {
    const { child, output } = start(path, environment, args);
    const answered = input(output).then((text) => child.stdin?.end(text));
    const [{ code, stdout, stderr }] = await Promise.all([output.finished, answered]);
    if (code !== 0) throw new Error(`webex-token ${args.join(' ')}: ${code}: ${stderr}`);
    return stdout;
  };
  printLine(`  --version: ${(await run(['--version'])).trim()}`);
  let redirect = '';
  await run(['login', 'acme', '--paste'], async ({ stderrMatching }) => {
    const [, address = ''] = await stderrMatching(/^(http\S+\/oauth2\/v1\/authorize\?\S+)$/m);
    redirect = await signIn(address, { account: 'full-admin' });
    return `${redirect}\n`;
  });
  printLine('  login acme --paste: saved');
  const token = new URLSearchParams(new URL(redirect).hash.slice(1)).get('access_token');
  if ((await run(['get', 'acme'])) !== `${token}\n`) throw new Error('get printed something else');
  printLine('  get acme: the token that Webex issued');

  const serve = start(path, environment, ['serve', '--no-open']);
  servers.push(serve.child);
  const [, link = ''] = await serve.output.stderrMatching(/^(http:\/\/localhost:\d+\/access\/\S+)$/m);
  const entered = await fetch(link, { redirect: 'manual' });
  const cookie = entered.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const page = await fetch(`http://localhost:${port}/`, { headers: { cookie } });
  const style = await fetch(`http://localhost:${port}/assets/style.css`);
  if (!page.ok || !(await page.text()).includes('acme') || !style.ok)
    throw new Error(`the page: ${page.status}`);
  serve.child.kill('SIGTERM');
  const { code, stderr } = await serve.output.finished;
  if (code !== 0) throw new Error(`serve ended with ${code}: ${stderr}`);
  printLine('  serve: shows the organization and its style sheet, and ends on SIGTERM');
  await run(['remind']);
  await run(['doctor']);
  printLine('  remind, doctor: done');
  await webex.close();
}

function start(path: string, environment: Record<string, string>, args: string[]) {
  const [file = '', ...rest] = inRoot(path, 'ada', environment, ['webex-token', ...args]);
  const child = spawn(file, rest, { stdio: 'pipe' });
  child.stdin.on('error', () => {});
  return { child, output: outputOf(child) };
}

/** The command line that runs a command in the root as one of its users, with /proc and /dev. Signals reach the command itself. */
function inRoot(
  path: string,
  user: 'ada' | 'root',
  environment: Record<string, string>,
  args: string[],
): string[] {
  const script = `set -e
mount --make-rprivate /
mount --bind /proc "$1/proc"
mount --bind /dev "$1/dev"
root=$1; user=$2; shift 2
exec chroot --userspec="$user" "$root" /usr/bin/env -i "$@"`;
  const variables = { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', path, `${user}:${user}`, ...assignments, ...args];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function megabytes(path: string): number {
  const [size = '0'] = execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t');
  return Number(size);
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
