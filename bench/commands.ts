import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, isInstalled, processorMs, run } from './processor-time.ts';
import { writeProfileCsv } from './profile-csv.ts';
import { median } from './statistics.ts';

/*
 * Measures commands as whole processes, by processor time, next to a Node that does nothing and "gh auth token", which reads its
 * token from a plain file. The runs alternate, so other work of the machine affects all commands equally.
 *
 * node bench/commands.ts [PROFILES …]    by default, in stores with 1 and 1,000 profiles
 */
const program = join(import.meta.dirname, '../bin/webex-token.cjs');
const nodeAlone = 'node -e 0';
/** Also measured if `npm run single-file` has built it. */
const singleFile = join(import.meta.dirname, `../release/webex-token-${process.platform}-${process.arch}`);

/** The processor time of each command in multiples of a bare Node: medians of alternating runs. */
export async function measureCommands(sizes: readonly number[], runs: number): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
  try {
    return ratios(await prepareCommands(folder, sizes), runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepareCommands(folder: string, sizes: readonly number[]): Promise<Map<string, Command>> {
  const all = new Map([[nodeAlone, { program: process.execPath, args: ['-e', '0'] }]]);
  const add = (words: string, environment: NodeJS.ProcessEnv, title = words) =>
    all.set(title, {
      program: process.execPath,
      args: [program, ...words.split(' ')],
      environment,
    } as Command);
  for (const [index, size] of sizes.entries()) {
    const home = join(folder, String(size));
    const environment = {
      WEBEX_TOKEN_HOME: home,
      WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
      WEBEX_TOKEN_DATABASE_URL: '',
      WEBEX_TOKEN_PASSPHRASE: '',
    };
    const args = [program, 'profile', 'import', writeProfileCsv(folder, 'customer', size)];
    await run({ program: process.execPath, args, environment });
    if (index === 0) all.set('minimum to read a token', minimumToRead(join(home, 'store.db')));
    if (index === 0) for (const words of ['--version', '--help', 'completion bash']) add(words, environment);
    const profile = 'customer-000000';
    for (const words of [
      'list',
      `show ${profile}`,
      'check --within 1',
      'status',
      `get ${profile}`,
      `exec ${profile} -- true`,
    ]) {
      add(
        words,
        environment,
        `${words.replace(/ customer-\d+| --within 1/, '')}, ${size.toLocaleString('en')}`,
      );
    }
    if (existsSync(singleFile)) {
      const single = { program: singleFile, args: ['get', profile], environment };
      all.set(`single file: get, ${size.toLocaleString('en')}`, single as Command);
    }
  }
  if (isInstalled('gh')) all.set('gh auth token', ghCommand(folder));
  return all;
}

/** A Node that loads its cryptography and SQLite, computes one HMAC and makes one query. No command that opens the store can be faster. */
function minimumToRead(file: string): Command {
  const script = `
    const { createHmac } = require('node:crypto');
    const { DatabaseSync } = require('node:sqlite');
    createHmac('sha256', 'key').update(JSON.stringify(new DatabaseSync(process.argv[1]).prepare('select * from meta').all())).digest();`;
  return { program: process.execPath, args: ['-e', script, file] };
}

function ghCommand(folder: string): Command {
  const account = 'github.com:\n  oauth_token: fake-token\n  user: nobody\n  git_protocol: https\n';
  writeFileSync(join(folder, 'hosts.yml'), account, { mode: 0o600 });
  return { program: 'gh', args: ['auth', 'token'], environment: { GH_CONFIG_DIR: folder, GH_TOKEN: '' } };
}

function ratios(commands: Map<string, Command>, runs: number): Map<string, number> {
  const times = new Map([...commands.keys()].map((title) => [title, [] as number[]]));
  for (let at = -2; at < runs; at += 1) {
    for (const [title, command] of commands) {
      const ms = processorMs(command);
      // The first two runs of each command fill caches.
      if (at >= 0) times.get(title)?.push(ms);
    }
  }
  const bare = median(times.get(nodeAlone) ?? []);
  return new Map([...times].map(([title, each]) => [title, median(each) / bare]));
}

if (import.meta.main) {
  const runs = Number(process.env.BENCH_RUNS ?? 15);
  const requestedSizes = process.argv.slice(2).map(Number);
  const measured = await measureCommands(requestedSizes.length > 0 ? requestedSizes : [1, 1_000], runs);
  process.stdout.write(
    `Node ${process.versions.node}, processor time, median of ${runs} alternating runs\n\n| Command, profiles | times a bare Node |\n| --- | ---: |\n`,
  );
  for (const [title, ratio] of measured) process.stdout.write(`| ${title} | ${ratio.toFixed(2)} |\n`);
}
