import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Change, changesOf } from './mutation/changes.ts';
import { appendToLog, readLog } from './mutation/log.ts';

/*
 * Mutation tests: changes the code in thousands of small ways, and reports each change that no test notices. One part of the
 * code at a time, with the tests that are about it, in one process, so that a part takes minutes.
 *
 * node scripts/mutate.ts [PART …]    by default every part
 */
const parts: Record<string, { files: string[]; tests: string }> = {
  'client-auth': {
    files: ['src/api/client-auth/**/*.ts'],
    tests:
      'api/(?:app|challenge|introspection|issuer|private-key|removed-key|throttle|token-end|workload|client-auth)',
  },
  requests: { files: ['src/api/request/**/*.ts'], tests: 'api/|web/headers' },
  lifetimes: { files: ['src/domain/lifetimes.ts', 'src/domain/delays.ts'], tests: 'domain/' },
  reminders: {
    files: ['src/domain/reminder-triggers.ts', 'src/reminders/plan.ts', 'src/reminders/delivery-policy.ts'],
    tests: 'domain/|reminders/',
  },
  'row-macs': {
    files: ['src/store/integrity/**/*.ts'],
    tests: 'store/|vault/|api/written-from-outside',
  },
  text: { files: ['src/text/**/*.ts'], tests: 'text/' },
  redirects: { files: ['src/webex/sign-in/**/*.ts'], tests: 'webex/' },
};

const root = join(import.meta.dirname, '..');

/** A change may make a loop endless. Milliseconds without a line in the log. */
const longestSilence = 120_000;

async function testPart(name: string, { files, tests }: { files: string[]; tests: string }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `mutate-${name}-`));
  const { changes, code } = await changesOf(root, files);
  writeFileSync(join(folder, 'changes.json'), JSON.stringify(changes));
  writeFileSync(join(folder, 'code.json'), JSON.stringify(code));
  if (!(await runTests(folder, tests, 'coverage'))) {
    throw new Error(`Tests of ${name} fail without a change: see ${join(folder, 'output')}.`);
  }
  while (!(await runTests(folder, tests, 'changes'))) {
    const last = readLog(folder).findLast((entry) => 'started' in entry);
    if (last === undefined) throw new Error(`The tests do not run: see ${join(folder, 'output')}.`);
    // It ended the process, or had to be ended with it.
    appendToLog(folder, { killed: last.started, how: 'timed out' });
  }
  process.stdout.write(report(name, changes, folder));
  rmSync(folder, { recursive: true });
}

/** Whether the tests ran to the end, and pass without a change. */
function runTests(folder: string, tests: string, step: 'coverage' | 'changes'): Promise<boolean> {
  const output = openSync(join(folder, 'output'), 'a');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const config = join(import.meta.dirname, 'mutation/vitest.config.ts');
  const child = spawn(process.execPath, [vitest, 'run', '--config', config], {
    cwd: root,
    env: { ...process.env, MUTATION_FOLDER: folder, MUTATION_TESTS: tests, MUTATION_STEP: step },
    stdio: ['ignore', output, output],
    detached: true,
  });
  const log = join(folder, 'log');
  const started = Date.now();
  // With its workers: the group of a detached process. One in an endless loop ends in no other way.
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  process.once('exit', end);
  const watch = setInterval(() => {
    const heard = existsSync(log) ? Math.max(started, statSync(log).mtimeMs) : started;
    if (Date.now() - heard > longestSilence) end();
  }, 1000);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => {
      clearInterval(watch);
      process.removeListener('exit', end);
      resolve(status === 0);
    });
  });
}

/** Each would need its own process. */
const onLoad = 'not tested because they run on load';

function report(name: string, changes: Change[], folder: string): string {
  const killed = new Map<string, 'killed' | 'timed out'>();
  const ran = new Set<string>();
  const loaded = new Set<string>();
  const lines: string[] = [];
  for (const entry of readLog(folder)) {
    if ('killed' in entry) killed.set(entry.killed, entry.how);
    if ('missed' in entry) ran.add(entry.missed);
    // A test that loads a file reaches what runs then, but only once.
    const once = 'loaded' in entry ? entry.loaded : 'covered' in entry ? Object.keys(entry.covered) : [];
    for (const id of once) loaded.add(id);
    if ('unusable' in entry) {
      const when = entry.after === null ? 'when it is repeated' : `after change ${entry.after}`;
      lines.push(`Not used, because it fails ${when}: ${entry.unusable}`);
    }
  }
  const counts = { killed: 0, 'timed out': 0, survived: 0, 'not covered': 0, [onLoad]: 0 };
  for (const change of changes) {
    const missed = ran.has(change.id) ? 'survived' : loaded.has(change.id) ? onLoad : 'not covered';
    const status = killed.get(change.id) ?? missed;
    counts[status] += 1;
    if (status !== 'survived' && status !== 'not covered') continue;
    const { id, file, line, column, before, after } = change;
    lines.push(`${status}: ${file}:${line}:${column} (${id})`, `  - ${short(before)}`, `  + ${short(after)}`);
  }
  const sums = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return `${lines.join('\n')}\n${name}: ${changes.length} changes, ${sums.join(', ')}\n`;
}

function short(code: string): string {
  return code.replace(/\s+/g, ' ').slice(0, 160);
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `Not a part: ${unknown.join(', ')}. The parts are ${Object.keys(parts).join(', ')}.\n`,
  );
  process.exit(1);
}
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
for (const [name, part] of Object.entries(parts)) {
  if (asked.length === 0 || asked.includes(name)) await testPart(name, part);
}
