import { existsSync, realpathSync } from 'node:fs';
import * as z from 'zod';
import { displayable } from '../../webex/text.ts';
import type { Machine } from './machine.ts';
import type { InstalledJob } from './scheduler.ts';

/** What `remind --verify-job` prints. */
export const jobReport = z.object({ store: z.string() });

const again = 'Install it again with: webex-token schedule install';

/**
 * Runs a job's command as far as opening its store, and compares that with the store of this command.
 *
 * @param store As `storePlace` has it, without a password.
 * @returns What is wrong, with what to do; null where it would run well.
 */
export async function checkJob(job: InstalledJob, store: string, machine: Machine): Promise<string | null> {
  if (job.stopped !== null) return `The job does not run: ${job.stopped}. ${again}`;
  if (job.command === null) return `What is written there is not as this program writes it. ${again}`;
  const [program = '', script = '', ...args] = job.command;
  for (const file of [program, script]) {
    if (!existsSync(file)) return `The job runs ${file}, which is not there any more. ${again}`;
  }
  const { code, stdout, stderr } = await machine.run(program, [script, ...args, '--verify-job']);
  if (code !== 0) {
    const reason = displayable(stderr, 300);
    return `The job does not start${reason === '' ? ` (${code ?? 'it was ended'})` : `: ${reason}`}`;
  }
  const report = jobReport.safeParse(parsed(stdout));
  if (!report.success) return `The job runs another program. ${again}`;
  return isSameStore(report.data.store, store)
    ? null
    : `The job uses another store, ${report.data.store}, and this command ${store}. ${again}`;
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
