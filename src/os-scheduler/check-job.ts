import { existsSync, realpathSync } from 'node:fs';
import * as z from 'zod';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import type { InstalledJob } from './scheduler.ts';
import type { System } from './system.ts';

/** What `remind --verify-job` prints. */
const jobReport = z.object({ store: z.string() });

export interface JobCheck {
  /** Null: could not be told. */
  ok: boolean | null;
  /** What was found, with what to do where that is wrong. */
  message: string;
}

/**
 * Runs a job's command as far as opening its store, and compares that with the store of this command.
 *
 * @param store As `storePlace` has it, without a password.
 */
export async function checkJob(job: InstalledJob, store: string, machine: System): Promise<JobCheck> {
  const { command, stopped } = job;
  if (stopped !== null) return broken(`The job does not run: ${stopped}.`);
  // The Task Scheduler answers in a code page that is not always known.
  if (command?.some((word) => word.includes('\ufffd'))) {
    const message = 'Whether the job starts cannot be told: its paths cannot be read back on this machine.';
    return { ok: null, message };
  }
  const [program = '', script = '', ...args] = command ?? [];
  // Nothing else is run.
  if (!/[\\/]webex-token\.cjs$/.test(script) || args[0] !== 'remind') {
    return broken('What is written there is not as this program writes it.');
  }
  for (const file of [program, script]) {
    if (!existsSync(file)) return broken(`The job runs ${file}, which is not there any more.`);
  }
  const { code, stdout, stderr } = await machine.run(program, [script, ...args, '--verify-job']);
  if (code !== 0) {
    const reason = sanitizeForDisplay(stderr, 300) || `it ended with ${code ?? 'a signal, or took too long'}`;
    return { ok: false, message: `The job does not start: ${reason}` };
  }
  const report = jobReport.safeParse(parsed(stdout));
  if (!report.success) return broken('The job runs another program.');
  return isSameStore(report.data.store, store)
    ? { ok: true, message: `The job starts, and uses ${store}.` }
    : broken(`The job uses another store, ${report.data.store}, and this command ${store}.`);
}

function broken(why: string): JobCheck {
  return { ok: false, message: `${why} Install it again with: webex-token schedule install` };
}

function parsed(text: string): unknown {
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
