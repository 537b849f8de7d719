import type { ChildProcess } from 'node:child_process';
import { environmentForHelper } from './environments.ts';
import { startProgram } from './start-program.ts';

export interface HelperResult {
  /** The exit code. Null if the program does not exist, was ended by a signal, or timed out. */
  code: number | null;
  /** Why there is no exit code, for a message: `ENOENT`, `SIGKILL`, `timeout`. Null if there is one. */
  failure: string | null;
  stdout: string;
  stderr: string;
}

export interface HelperOptions {
  /** Written to its standard input. */
  input?: string;
  /** Additional variables for this helper. */
  environment?: Record<string, string>;
  timeoutMs?: number;
  /** Its output is not read. For programs such as xsel, whose background process keeps the pipe open. */
  ignoreOutput?: boolean;
}

/** Output beyond this is dropped. Characters. */
const maxOutput = 16_000_000;

/** How long to wait for output after a helper has exited. Milliseconds. */
const outputGraceMs = 1_000;

/** Runs a system program until it exits. Never throws. */
export function runHelper(
  file: string,
  args: readonly string[],
  options: HelperOptions = {},
): Promise<HelperResult> {
  const { input = '', environment = {}, timeoutMs = 15_000, ignoreOutput = false } = options;
  return new Promise((resolve) => {
    const result: HelperResult = { code: null, failure: null, stdout: '', stderr: '' };
    let child: ChildProcess;
    try {
      const output = ignoreOutput ? 'ignore' : 'pipe';
      child = startProgram(file, args, {
        environment: { ...environmentForHelper(), ...environment },
        stdio: ['pipe', output, output],
      });
    } catch (error) {
      resolve({ ...result, failure: codeOf(error) });
      return;
    }
    let timer = setTimeout(() => {
      result.failure = 'timeout';
      child.kill('SIGKILL');
    }, timeoutMs);
    const end = () => {
      clearTimeout(timer);
      for (const each of child.stdio) each?.destroy();
      resolve(result);
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        if (result[stream].length < maxOutput) result[stream] += text;
      });
    }
    child.once('error', (error) => {
      result.failure = codeOf(error);
      end();
    });
    child.once('exit', (code, signal) => {
      result.code = code;
      result.failure ??= signal;
      clearTimeout(timer);
      timer = setTimeout(end, outputGraceMs);
    });
    child.once('close', end);
    child.stdin?.end(input);
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
