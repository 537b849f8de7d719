import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestRunner } from 'vitest';
import type { Change } from './changes.ts';
import { appendToLog, type Entry, readLog } from './log.ts';

type Test = Parameters<TestRunner['onBeforeRunTask']>[0];
type Task = Parameters<TestRunner['onAfterRetryTask']>[0];
type Attempt = Parameters<TestRunner['onBeforeTryTask']>[1];

const { MUTATION_FOLDER: folder = '', MUTATION_STEP: step } = process.env;

/** What the code that Stryker's instrumenter wrote reads, and what it counts. */
interface Switchboard {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number;
  mutantCoverage?: { perTest: Record<string, Record<string, number>>; static: Record<string, number> };
}

/** Both last as long as the process: every file of tests has its own runner. */
interface Lasting {
  __stryker__?: Switchboard;
  unnoticedChanges?: Set<string>;
}
const lasting = globalThis as Lasting;
lasting.__stryker__ ??= {};
const switchboard = lasting.__stryker__;

/** How often each test reaches each change, and what was tried before the process was started again. */
const covered = new Map<string, Record<string, number>>();
const tried = new Set<string>();
const noticed = new Set<string>();
for (const entry of readLog(folder)) {
  if ('covered' in entry) covered.set(entry.test, entry.covered);
  if ('started' in entry) tried.add(`${entry.started} ${entry.test}`);
  if ('killed' in entry) noticed.add(entry.killed);
}
lasting.unnoticedChanges ??= new Set(
  (JSON.parse(readFileSync(join(folder, 'changes.json'), 'utf8')) as Change[])
    .map(({ id }) => id)
    .filter((id) => !noticed.has(id)),
);
const unnoticed = lasting.unnoticedChanges;

const unchanged = Symbol('the code without a change');

/**
 * Runs each test once more for each change of the code that it reaches and that no test has noticed yet, in the same
 * process: to start one takes much longer than a test. After each change that a test notices it runs without a change,
 * which shows whether the change left something behind.
 */
export default class MutationRunner extends TestRunner {
  #planned: (string | typeof unchanged)[] = [];
  #running: string | typeof unchanged | undefined;
  #noticed: Extract<Entry, { killed: string }> | null = null;
  #startedAt = 0;

  override onAfterRunFiles(files: Parameters<TestRunner['onAfterRunFiles']>[0]): void {
    super.onAfterRunFiles(files);
    if (step === 'coverage') {
      appendToLog(folder, { loaded: Object.keys(switchboard.mutantCoverage?.static ?? {}) });
    }
  }

  override async onBeforeRunTask(test: Test): Promise<void> {
    await super.onBeforeRunTask(test);
    if (step !== 'changes' || test.mode === 'skip') return;
    const reached = Object.keys(covered.get(test.id) ?? {}).filter(
      (id) => unnoticed.has(id) && !tried.has(`${id} ${test.id}`),
    );
    this.#noticed = null;
    // Twice without a change: a test that cannot be repeated shows nothing.
    this.#planned = [unchanged, unchanged, ...reached];
    if (reached.length === 0) test.mode = 'skip';
    else Object.assign(test, { repeats: 1 + 2 * reached.length });
  }

  override onBeforeTryTask(test: Test, attempt: Attempt): void {
    super.onBeforeTryTask(test, attempt);
    if (step !== 'changes') {
      switchboard.currentTestId = test.id;
      this.#startedAt = performance.now();
      return;
    }
    this.#running = this.#planned.shift();
    if (this.#running === undefined) throw new Error('nothing is left to try');
    if (this.#running === unchanged) return;
    appendToLog(folder, { started: this.#running, test: test.id });
    switchboard.activeMutant = this.#running;
    switchboard.hitCount = 0;
    // Ends most loops that a change makes endless.
    switchboard.hitLimit = 1000 + 100 * (covered.get(test.id)?.[this.#running] ?? 0);
  }

  override async onAfterRetryTask(test: Task, attempt: Attempt): Promise<void> {
    await super.onAfterRetryTask(test, attempt);
    const { result } = test;
    if (result === undefined) return;
    if (step !== 'changes') {
      switchboard.currentTestId = undefined;
      const ms = Math.round(performance.now() - this.#startedAt);
      const counts = switchboard.mutantCoverage?.perTest[test.id] ?? {};
      appendToLog(folder, { covered: counts, test: test.id, title: test.fullName, ms });
      return;
    }
    const hits = switchboard.hitCount ?? 0;
    switchboard.activeMutant = undefined;
    switchboard.hitCount = undefined;
    const failure = result.state === 'fail' ? String(result.errors?.[0]?.message) : null;
    result.errors = [];
    result.state = 'pass';
    if (this.#running === undefined) return;
    if (this.#running === unchanged) this.#judge(test.fullName, failure === null);
    else if (failure !== null) {
      const endless = hits > (switchboard.hitLimit ?? 0) || failure.startsWith('Test timed out');
      unnoticed.delete(this.#running);
      this.#noticed = { killed: this.#running, how: endless ? 'timed out' : 'killed' };
      this.#planned.unshift(unchanged);
    } else if (hits > 0) appendToLog(folder, { missed: this.#running });
  }

  #judge(title: string, passed: boolean): void {
    if (passed && this.#noticed !== null) appendToLog(folder, this.#noticed);
    if (!passed) {
      const after = this.#noticed?.killed ?? null;
      appendToLog(folder, { unusable: title, after });
      if (after !== null) unnoticed.add(after);
      this.#planned = [];
    }
    this.#noticed = null;
  }
}
