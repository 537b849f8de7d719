import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchHome } from './bench-vault.ts';
import { median } from './statistics.ts';

/*
 * webex-token get, as a whole process: the token opened, its audit row on the disk. Next to it the same Node doing
 * nothing, and "gh auth token", which reads its token from a plain file. In turn, so that whatever else the machine does
 * strikes them alike. Aims: 1.5 times the bare Node at most, and ahead of gh.
 */
const runs = Number(process.env.BENCH_RUNS ?? 25);

const home = await benchHome();
const ghFolder = mkdtempSync(join(tmpdir(), 'webex-token-bench-gh-'));
writeFileSync(
  join(ghFolder, 'hosts.yml'),
  'github.com:\n  oauth_token: fake-token\n  user: nobody\n  git_protocol: https\n',
  { mode: 0o600 },
);

interface Contender {
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
}

const program = join(import.meta.dirname, '../bin/webex-token.cjs');
const node = (args: string[]): Contender => ({
  command: process.execPath,
  args,
  environment: home.environment,
});
const contenders: Record<string, Contender> = {
  'node -e 0': node(['-e', '0']),
  'webex-token get': node([program, 'get', 'acme']),
  'webex-token get --format json': node([program, 'get', 'acme', '--format', 'json']),
  'gh auth token': {
    command: 'gh',
    args: ['auth', 'token'],
    environment: { GH_CONFIG_DIR: ghFolder, GH_TOKEN: '' },
  },
};
const singleFile = join(import.meta.dirname, `../release/webex-token-${process.platform}-${process.arch}`);
if (existsSync(singleFile)) {
  const environment = home.environment;
  contenders['single file: get'] = { command: singleFile, args: ['get', 'acme'], environment };
} else process.stdout.write('There is no single file ("npm run single-file"): it is left out.\n');
if (spawnSync('gh', ['--version']).status !== 0) {
  process.stdout.write('gh is not installed: it is left out.\n');
  delete contenders['gh auth token'];
}

const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
for (let run = -2; run < runs; run += 1) {
  for (const [name, contender] of Object.entries(contenders)) {
    const ms = timeOf(contender);
    // The first two of each only warm the disk's cache.
    if (run >= 0) times.get(name)?.push(ms);
  }
}
home.remove();
rmSync(ghFolder, { recursive: true, force: true });

const bare = median(times.get('node -e 0') ?? []);
process.stdout.write(`Node ${process.versions.node}, whole processes, median of ${runs} alternating runs\n`);
for (const [name, each] of times) {
  const ms = median(each);
  const best = Math.min(...each);
  process.stdout.write(
    `${name.padEnd(30)} ${ms.toFixed(1).padStart(6)} ms  (best ${best.toFixed(1)})  ${(ms / bare).toFixed(2)} times the bare Node\n`,
  );
}

function timeOf({ command, args, environment }: Contender): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}
