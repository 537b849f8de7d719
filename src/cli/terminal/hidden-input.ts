import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { BrokerError } from '../../errors/broker-error.ts';

/** How long more of a paste that has several lines may take to come. Milliseconds. */
const restOfPasteMs = 100;

/**
 * What a person pastes into the terminal and ends with Enter, without showing it. A paste of several lines, as a
 * terminal's wrapping makes of a long address, is taken whole. Empty at Ctrl-D. Throws `E_INTERRUPTED` at Ctrl-C.
 */
export async function readHiddenInput(input: NodeJS.ReadableStream = process.stdin): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const lines: string[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      terminal.on('line', (line) => {
        if (lines.push(line) === 1) setTimeout(resolve, restOfPasteMs);
      });
      terminal.once('close', resolve);
      // A terminal that is gone.
      terminal.once('error', resolve);
      terminal.once('SIGINT', () => reject(new BrokerError('E_INTERRUPTED', 'Stopped. Nothing was stored.')));
    });
    return [...lines, terminal.line].join('\n').trim();
  } finally {
    terminal.close();
  }
}
