import { createInterface } from 'node:readline/promises';

/** Asks yes or no on the terminal. Where there is none nobody is asked, and the answer is yes. */
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
