import { existsSync, realpathSync } from 'node:fs';
import { commandLine } from '../errors/remedy.ts';
import { isObject } from '../text/json-shape.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import type { InstalledJob } from './scheduler.ts';
import type { System } from './system.ts';

export interface JobCheck {
  /** Null if it could not be determined. */
  ok: boolean | null;
  /** What was found, and what to do about it. */
  message: string;
}

/**
 * Runs the command of a job up to opening its store, and compares that store with the one of this process.
 *
 * @param store The location of the store of this process, without a password.
 */
export async function checkJob(job: InstalledJob, store: string, system: System): Promise<JobCheck> {
  const { command, inactiveReason } = job;
  if (inactiveReason !== null) return broken(`The job does not run: ${inactiveReason}.`);
  // The output of the Task Scheduler is in a code page that cannot always be determined.
  if (command?.some((word) => word.includes('\ufffd'))) {
    const message = 'Could not check the job: its paths contain characters that cannot be read back.';
    return { ok: null, message };
  }
  const [program = '', script = '', ...args] = command ?? [];
  // No other program is ever run.
  if (!/[\\/]webex-token\.cjs$/.test(script) || args[0] !== 'remind') {
    return broken('The command of the job was changed by something else.');
  }
  for (const file of [program, script]) {
    if (!existsSync(file)) return broken(`The job runs ${file}, which no longer exists.`);
  }
  const { code, stdout, stderr } = await system.run(program, [script, ...args, '--verify-job']);
  if (code !== 0) {
    const reason =
      sanitizeForDisplay(stderr, 300) ||
      (code === null ? 'it was killed or timed out' : `it exited with ${code}`);
    return { ok: false, message: `The job does not start: ${reason}` };
  }
  // The output of `remind --verify-job`.
  const report = parseJson(stdout);
  if (!isObject(report) || typeof report.store !== 'string') {
    return broken('The job runs a different program.');
  }
  return isSameStore(report.store, store)
    ? { ok: true, message: `The job starts, and uses ${store}.` }
    : broken(`The job uses the store ${report.store}, but this command uses ${store}.`);
}

function broken(reason: string): JobCheck {
  return { ok: false, message: `${reason} Install it again: ${commandLine(['schedule', 'install'])}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSameStore(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}
