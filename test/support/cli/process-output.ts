import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { CommandOutput } from './command-output.ts';

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProcessOutput {
  finished: Promise<Finished>;
  /** Resolves with the first match on standard error. Rejects if the program ends first. */
  stderrMatching(pattern: RegExp): Promise<RegExpExecArray>;
}

/** What a process prints on its pipes, from its start to its end. */
export function outputOf(child: ChildProcess): ProcessOutput {
  const [stdout, stderr] = [new CommandOutput(child.stdout), new CommandOutput(child.stderr)];
  const texts = Promise.all([stdout.next(), stderr.next()]);
  const finish = async () => {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const [stdoutText, stderrText] = await texts;
    return { code, signal, stdout: stdoutText, stderr: stderrText };
  };
  const finished = finish();
  return { finished, stderrMatching: (pattern) => stderr.matching(pattern, finished) };
}
