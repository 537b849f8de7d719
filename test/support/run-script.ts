import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

/**
 * Runs a TypeScript file in a separate Node process. `done` rejects with its standard error if it fails, and
 * `firstLine` if it ends without a line.
 */
export function runScript(
  file: string,
  args: string[],
): { done: Promise<string>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const { promise: firstLine, resolve: tell, reject: giveUp } = Promise.withResolvers<string>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('\n')) tell(stdout.split('\n', 1)[0] ?? '');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<string>((resolve, reject) => {
    child.on('close', (code, signal) => {
      const failure = new Error(`${code ?? signal}: ${stderr}`);
      // Without effect if there was a line.
      giveUp(failure);
      if (code === 0) resolve(stdout);
      else reject(failure);
    });
  });
  // A test may await only one of them.
  for (const each of [done, firstLine]) each.catch(() => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  return { done, firstLine };
}
