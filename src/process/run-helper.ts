import type { ChildProcess } from 'node:child_process';
import { environmentForHelper } from './environments.ts';
import { startProgram } from './start-program.ts';

export interface HelperResult {
  /** What it ended with. Null where it is not there, was ended by a signal, or took too long. */
  code: number | null;
  /** Why there is no code, for a message: `ENOENT`, `SIGKILL`, `time-out`. Null where there is one. */
  failure: string | null;
  stdout: string;
  stderr: string;
}

export interface HelperOptions {
  /** For its standard input. */
  input?: string;
  /** Variables for it alone, beside those that every helper gets. */
  environment?: Record<string, string>;
  timeoutMs?: number;
  /** Its output is not read. For programs that leave one behind which keeps the pipe open, such as xsel. */
  ignoreOutput?: boolean;
}

/** More than any helper prints that is of use here. Characters. */
const maxOutput = 16_000_000;

/** How long after a helper's end its output may still come. Milliseconds. */
const outputGraceMs = 1_000;

/** Runs a program of the system to its end, and never throws. */
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
      result.failure = 'time-out';
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
