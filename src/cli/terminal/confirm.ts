import { createInterface } from 'node:readline/promises';
import { failed } from '../exit-codes.ts';
import { note } from './terminal.ts';

/**
 * Asks before a destructive command, unless `--yes` was given. Sets exit code 1 and says `nothingDone` where the person
 * says no.
 */
export async function confirmDestructive(
  question: string,
  nothingDone: string,
  { yes }: { yes?: boolean | undefined },
): Promise<boolean> {
  if (yes || (await confirm(question))) return true;
  note(nothingDone);
  process.exitCode = failed;
  return false;
}

/** Asks yes or no on the terminal. Without a terminal nothing is asked, and the answer is yes. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const stopped = new Promise<string>((resolve) => {
      terminal.once('SIGINT', () => resolve(''));
      terminal.once('close', () => resolve(''));
    });
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), stopped]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
