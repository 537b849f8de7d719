import { styleText } from 'node:util';
import { BrokerError } from '../../errors/broker-error.ts';
import { decodeText } from '../../text/decode-text.ts';
import { toSafeError } from '../../text/safe-error.ts';
import { escapeTerminalControls, stripTerminalControls } from '../../text/sanitize.ts';
import { wantsColor } from './color.ts';
import { writeMessage, writeResult } from './output.ts';

type Style = Parameters<typeof styleText>[0];

/** Text in color, where the stream that it goes to is to have color. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return wantsColor(stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** The result, on standard output, for a person: nothing in it steers the terminal. */
export function print(text: string): void {
  printExactly(stripTerminalControls(text));
}

/** A result that programs read as it is. */
export function printExactly(text: string): void {
  writeResult(`${text}\n`);
}

/** The result for programs. */
export function printJson(value: unknown): void {
  printExactly(escapeTerminalControls(JSON.stringify(value, null, 2)));
}

/** Everything that is not the result: on standard error. */
export function note(text: string): void {
  writeMessage(`${stripTerminalControls(text)}\n`);
}

export function warn(text: string): void {
  note(`${styled('yellow', 'Note:', process.stderr)} ${text}`);
}

/** What happened, why, and what to do next. A fault of the program itself comes with its stack, and without tokens. */
export function reportError(error: unknown): void {
  if (error instanceof BrokerError) {
    note(`${styled('red', 'webex-token:', process.stderr)} ${error.message}`);
    if (error.help !== undefined) note(error.help);
    return;
  }
  const { error: name, message = '', stack } = toSafeError(error);
  note(
    [`webex-token: unexpected failure. ${name}: ${message}`, ...stack.map((line) => `    ${line}`)].join(
      '\n',
    ),
  );
}

/** All of standard input, bounded, in any encoding that text has. Throws `E_INPUT`. */
export async function readStandardInput(maxBytes = 1 << 20): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw new BrokerError('E_INPUT', 'Standard input is larger than a megabyte.');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    // A folder, for example.
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new BrokerError('E_INPUT', `Standard input cannot be read (${code}).`, { cause: error });
  }
  return decodeText(Buffer.concat(chunks), 'Standard input', 'E_INPUT');
}
