import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { BrokerError } from '../../errors/broker-error.ts';

/** How long to wait for the rest of a paste that has several lines. Milliseconds. */
const restOfPasteMs = 100;

/**
 * Reads text that the user pastes into the terminal and confirms with Enter, without showing it. A paste may have several
 * lines, because a terminal may have wrapped a long address. Empty on Ctrl-D, and when `signal` ends the wait. Throws
 * `E_INTERRUPTED` on Ctrl-C.
 */
export async function readHiddenInput(
  input: NodeJS.ReadableStream = process.stdin,
  signal?: AbortSignal,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const lines: string[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      terminal.on('line', (line) => {
        if (lines.push(line) === 1) setTimeout(resolve, restOfPasteMs);
      });
      terminal.once('close', resolve);
      // The terminal was closed.
      terminal.once('error', resolve);
      terminal.once('SIGINT', () =>
        reject(new BrokerError('E_INTERRUPTED', 'Canceled. Nothing was stored.')),
      );
      if (signal?.aborted) resolve();
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
    return [...lines, terminal.line].join('\n').trim();
  } finally {
    terminal.close();
  }
}
