import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** One output of a process, as text. A host ends the output of each command with a mark. */
export class CommandOutput {
  readonly #stream: Socket;
  #text = '';
  #isClosed = false;
  #onEnd: (text: string) => void = () => {};
  readonly #watchers = new Set<() => void>();

  constructor(stream: Readable | null, mark: string | null = null) {
    if (stream === null) throw new Error('this output is not a pipe');
    this.#stream = stream as Socket;
    stream.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      for (const watcher of this.#watchers) watcher();
      if (mark !== null && this.#text.endsWith(mark)) this.#onEnd(this.#text.slice(0, -mark.length));
    });
    stream.on('close', () => {
      this.#isClosed = true;
      this.#onEnd(this.#text);
    });
  }

  /** Begins with the output of the next command, and resolves with all of it. */
  next(): Promise<string> {
    this.#text = '';
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      if (this.#isClosed) resolve('');
    });
  }

  /** Resolves with the first match. Rejects if the command ends first. */
  matching(pattern: RegExp, finished: Promise<{ stderr: string }>): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.#text);
        if (match === null) return;
        this.#watchers.delete(look);
        resolve(match);
      };
      this.#watchers.add(look);
      void finished.then(({ stderr }) => {
        this.#watchers.delete(look);
        reject(new Error(`the program ended: ${stderr}`));
      });
      look();
    });
  }

  /** Whether waiting for this output keeps the process from exiting. */
  keepAlive(wanted: boolean): void {
    if (wanted) this.#stream.ref();
    else this.#stream.unref();
  }
}
