import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** Runs a TypeScript file in a separate Node process. Rejects with its standard error if it fails. */
export function runScript(
  file: string,
  args: string[],
): { done: Promise<string>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let tell: (line: string) => void = () => {};
  const firstLine = new Promise<string>((resolve) => {
    tell = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('\n')) tell(stdout.split('\n', 1)[0] ?? '');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<string>((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(`${code}: ${stderr}`))));
  });
  done.catch(() => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  return { done, firstLine };
}
