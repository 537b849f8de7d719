import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder.ts';
import { Disk, type Files, layOut } from './disk.ts';
import type { Change } from './recorded-writes.ts';

/**
 * Long operations are many hundred writes within few transactions, which all look alike to the process that opens the store: of
 * those every fortieth is looked at, next to everything that is synced, renamed or said. WEBEX_TOKEN_TEST_LONG: all.
 */
export const thinned = process.env.WEBEX_TOKEN_TEST_LONG === undefined ? 40 : 1;

export interface Outcome {
  states: number;
}

/** Goes through every state, and calls `check` for those that it has not checked yet. */
export async function everyState(
  before: Files,
  changes: Change[],
  every: number,
  check: (home: string, said: string[]) => Promise<void>,
): Promise<Outcome> {
  const folder = temporaryFolder();
  const start = join(folder, 'start');
  layOut(before, start);
  const disk = new Disk(start);
  const said: string[] = [];
  const seen = new Set<string>();
  const random = seeded(7);
  let states = 0;
  const lookAt = async (files: Files, after: string) => {
    const state = digest(files, said);
    if (seen.has(state)) return;
    seen.add(state);
    states += 1;
    const home = join(folder, 'state');
    layOut(files, home);
    try {
      await check(home, said);
    } catch (error) {
      throw new Error(`after ${after}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      rmSync(home, { recursive: true });
    }
  };
  for (const [at, change] of changes.entries()) {
    if (change.what === 'say') said.push(change.line);
    disk.apply(change);
    if (change.what === 'write' && at % every !== 0) continue;
    const after = `change ${at}, ${change.what} ${'path' in change ? change.path : change.line}`;
    await lookAt(disk.killed(), `a kill, ${after}`);
    // Changes that may be lost add up until the next sync. Just before it, any part of them can be missing.
    if (changes[at + 1]?.what !== 'write' && change.what !== 'create') {
      for (const files of disk.powerLost(() => random() < 0.5)) await lookAt(files, `a power cut, ${after}`);
    }
  }
  if (thinned === 1) process.stderr.write(`${states} states\n`);
  return { states };
}

function digest(files: Files, said: string[]): string {
  const hash = createHash('sha256').update(said.join('\n'));
  for (const [name, bytes] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** The same choices on every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
