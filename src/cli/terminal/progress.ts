import { formatCount } from '../../text/count.ts';
import { writeMessage } from './output.ts';
import { note } from './terminal.ts';

/** How often the line is updated: in place on a terminal, as a new line elsewhere. Milliseconds. */
const everyMs = { terminal: 100, elsewhere: 10_000 };

export interface Progress {
  /** Shows how many are done. */
  at(done: number): void;
  /** Clears the line. */
  end(): void;
}

/** Shows the progress of long work on standard error: "Importing 1,250 of 100,000 (1 %), 12 s left". */
export function showProgress(
  title: string,
  total: number,
  now: () => number = performance.now.bind(performance),
): Progress {
  const started = now();
  const line = new ProgressLine(now);
  return {
    at: (done) => line.show((instant) => `${title} ${words(done, total, instant - started)}`),
    end: () => line.end(),
  };
}

/** The same for work of unknown length: "Copying token: 12,500". */
export function showCount(now: () => number = performance.now.bind(performance)): {
  at(title: string, done: number): void;
  end(): void;
} {
  const line = new ProgressLine(now);
  return {
    at: (title, done) => line.show(() => `${title}: ${formatCount(done)}`),
    end: () => line.end(),
  };
}

function words(done: number, total: number, elapsedMs: number): string {
  const count = `${formatCount(done)} of ${formatCount(total)}`;
  if (done === 0 || total === 0) return count;
  const left = Math.ceil(((total - done) * elapsedMs) / done / 1000);
  return `${count} (${Math.floor((done / total) * 100)} %), ${left} s left`;
}

class ProgressLine {
  readonly #now: () => number;
  readonly #terminal = process.stderr.isTTY;
  #shown: number;
  #width = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#shown = now();
  }

  show(text: (instant: number) => string): void {
    const instant = this.#now();
    if (instant - this.#shown < everyMs[this.#terminal ? 'terminal' : 'elsewhere']) return;
    this.#shown = instant;
    const line = text(instant);
    if (!this.#terminal) {
      note(line);
      return;
    }
    writeMessage(`\r${line.padEnd(this.#width)}`);
    this.#width = line.length;
  }

  end(): void {
    if (this.#width > 0) writeMessage(`\r${' '.repeat(this.#width)}\r`);
    this.#width = 0;
  }
}
