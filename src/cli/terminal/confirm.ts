import { createInterface } from 'node:readline/promises';
import { failed } from '../exit-codes.ts';
import { note } from './terminal.ts';

/**
 * Asks for confirmation before a destructive action, unless `--yes` is set. If the answer is no, prints `nothingDone` and
 * sets exit code 1.
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

/** Asks yes or no on the terminal. Without a terminal, it does not ask and returns true. */
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
