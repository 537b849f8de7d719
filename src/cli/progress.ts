import { writeSync } from 'node:fs';
import { note } from './terminal.ts';

/** How often the line is written anew: on a terminal in its place, elsewhere one below the other. Milliseconds. */
const everyMs = { terminal: 100, elsewhere: 10_000 };

export interface Progress {
  /** So many are done by now. */
  at(done: number): void;
  /** Takes the line away again. */
  end(): void;
}

/** How far a long work is, on standard error: "Importing 1,250 of 100,000 (1 %), 12 s left". */
export function showProgress(
  title: string,
  total: number,
  now: () => number = performance.now.bind(performance),
): Progress {
  const { isTTY } = process.stderr;
  const started = now();
  let shown = started;
  let width = 0;
  return {
    at(done) {
      const instant = now();
      if (instant - shown < everyMs[isTTY ? 'terminal' : 'elsewhere']) return;
      shown = instant;
      const text = `${title} ${words(done, total, instant - started)}`;
      if (!isTTY) return note(text);
      writeSync(2, `\r${text.padEnd(width)}`);
      width = text.length;
    },
    end() {
      if (width > 0) writeSync(2, `\r${' '.repeat(width)}\r`);
      width = 0;
    },
  };
}

function words(done: number, total: number, elapsedMs: number): string {
  const count = `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
  if (done === 0 || total === 0) return count;
  const left = Math.ceil(((total - done) * elapsedMs) / done / 1000);
  return `${count} (${Math.floor((done / total) * 100)} %), ${left} s left`;
}
