import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { redactTokens, sanitizeForDisplay } from '../text/sanitize.ts';
import { startProgram } from './start-program.ts';

export interface HookResult {
  /** Why it failed, safe to display; null if it exited with 0. */
  error: string | null;
  /** The output of both streams, line by line: limited in size, and safe to display. */
  output: string[];
}

export interface HookOptions {
  environment: NodeJS.ProcessEnv;
  /** How long it may run before it is killed. Milliseconds. */
  timeoutMs: number;
}

/** Output beyond this is dropped. Characters. */
const maxOutput = 16_384;
const maxLines = 40;
const maxLine = 300;

/** How long to wait for output after it has exited: a program that it left behind may keep the pipe open. Milliseconds. */
const outputGraceMs = 250;

/**
 * Runs a program without arguments in its own process group, in its own folder. After `timeoutMs` it is killed with
 * everything that it started. Never throws.
 */
export function runHook(file: string, { environment, timeoutMs }: HookOptions): Promise<HookResult> {
  return new Promise((resolve) => {
    let text = '';
    let error: string | null = null;
    let child: ChildProcess;
    try {
      child = startProgram(file, [], {
        environment,
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: dirname(file),
        // A new process group, which can be killed as a whole. On Windows, this would open a console.
        detached: process.platform !== 'win32',
      });
    } catch (failure) {
      resolve({ error: cannotRun(failure), output: [] });
      return;
    }
    let timer = setTimeout(() => {
      error = `it ran longer than ${timeoutMs / 1_000} seconds, and was stopped`;
      killGroup(child);
    }, timeoutMs);
    const end = () => {
      clearTimeout(timer);
      for (const each of child.stdio) each?.destroy();
      resolve({ error: withLastLine(error, text), output: linesOf(text) });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        if (text.length < maxOutput) text += part;
      });
    }
    child.once('error', (failure) => {
      error = cannotRun(failure);
      end();
    });
    child.once('exit', (code, signal) => {
      error ??= signal === null ? (code === 0 ? null : `it exited with code ${code}`) : `${signal} ended it`;
      clearTimeout(timer);
      timer = setTimeout(end, outputGraceMs);
    });
    child.once('close', end);
  });
}

function killGroup(child: ChildProcess): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

function cannotRun(error: unknown): string {
  return `it cannot be run (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
}

function linesOf(text: string): string[] {
  // The end of a line can cut a token in two, but the limit of the stored output cannot.
  return redactTokens(text.slice(0, maxOutput))
    .split(/\r?\n/)
    .map((line) => sanitizeForDisplay(line, maxLine))
    .filter((line) => line !== '')
    .slice(0, maxLines);
}

/** Programs say on their last line why they failed. */
function withLastLine(error: string | null, text: string): string | null {
  const last = error === null ? undefined : linesOf(text).at(-1);
  return last === undefined ? error : sanitizeForDisplay(`${error}: ${last}`, maxLine).replace(/\.$/, '');
}
