import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the tests of a run say, each on a line of a file: the process that runs them may be ended by a change of the code. */
export type Entry =
  /** How often a test reaches each change, by the change's ID, and how long it takes. Milliseconds. */
  | { covered: Record<string, number>; test: string; title: string; ms: number }
  /** Changes of code that runs when its file is loaded. */
  | { loaded: string[] }
  | { started: string; test: string }
  | { killed: string; how: 'killed' | 'timed out' }
  /** The changed code ran, and the test passed. */
  | { missed: string }
  /** A test fails without a change, at once (null) or after the change that it had noticed. */
  | { unusable: string; after: string | null };

export function appendToLog(folder: string, entry: Entry): void {
  appendFileSync(join(folder, 'log'), `${JSON.stringify(entry)}\n`);
}

export function readLog(folder: string): Entry[] {
  const log = join(folder, 'log');
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
}
