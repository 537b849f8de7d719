import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { BrokerError } from '../errors.ts';
import { describeError } from '../web/describe-error.ts';
import { harmlessJson, harmlessText } from '../webex/text.ts';

type Style = Parameters<typeof styleText>[0];

/** Colour on a terminal only, and never with NO_COLOR. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** The result, on standard output, for a person: nothing in it steers the terminal. */
export function print(text: string): void {
  printExactly(harmlessText(text));
}

/** A result that programs read as it is. */
export function printExactly(text: string): void {
  writeAll(1, `${text}\n`);
}

/** The result for programs. */
export function printJson(value: unknown): void {
  printExactly(harmlessJson(JSON.stringify(value, null, 2)));
}

/** Everything that is not the result: on standard error. */
export function note(text: string): void {
  writeAll(2, `${harmlessText(text)}\n`);
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
  const { error: name, message = '', stack } = describeError(error);
  note(
    [`webex-token: unexpected failure. ${name}: ${message}`, ...stack.map((line) => `    ${line}`)].join(
      '\n',
    ),
  );
}

/** Written before the process goes on, so that nothing is cut where it ends right after. */
function writeAll(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The reader went away (`| head -1`): there is nobody left to tell.
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** All of standard input, bounded. */
export async function readStandardInput(maxBytes = 1 << 20): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new BrokerError('E_INPUT', 'Standard input is larger than a megabyte.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
