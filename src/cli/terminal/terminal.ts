import { styleText } from 'node:util';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { formatCount } from '../../text/count.ts';
import { decodeText } from '../../text/decode-text.ts';
import { toSafeError } from '../../text/safe-error.ts';
import { escapeTerminalControls, stripTerminalControls } from '../../text/sanitize.ts';
import { wantsColor } from './color.ts';
import { writeMessage, writeResult } from './output.ts';
import { type OutputStream, standardError, standardOutput } from './standard-streams.ts';
import { withLocalTimes } from './time.ts';
import { wrapFor } from './wrap.ts';

type Style = Parameters<typeof styleText>[0];

/** Text in color, if the stream that it goes to gets color. */
export function styled(style: Style, text: string, stream: OutputStream = standardOutput()): string {
  return wantsColor(stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** Prints a result for people, without control sequences that would affect the terminal. */
export function print(text: string): void {
  printExactly(stripTerminalControls(text));
}

/** Prints a result that programs read, unchanged. */
export function printExactly(text: string): void {
  writeResult(`${text}\n`);
}

/** Prints a result as JSON. */
export function printJson(value: unknown): void {
  printExactly(escapeTerminalControls(JSON.stringify(value, null, 2)));
}

/** Prints a result that consists of sentences, wrapped on a narrow terminal. Tables are printed with `print`. */
export function printProse(text: string): void {
  print(wrapFor(standardOutput(), withLocalTimes(text)));
}

/** Prints a message, which is not part of the result, on standard error. */
export function note(text: string): void {
  writeMessage(`${wrapFor(standardError(), stripTerminalControls(withLocalTimes(text)))}\n`);
}

/** Prints a message that the user copies, such as a link. It is never wrapped, even on a narrow terminal. */
export function noteUnwrapped(text: string): void {
  writeMessage(`${stripTerminalControls(text)}\n`);
}

/** Suggests the next command after a success. `purpose` says what it is for. Printed only on a terminal. */
export function suggestNext(command: readonly string[], purpose = 'Next'): void {
  if (standardError().isTTY) note(`${purpose}: ${commandLine(command)}`);
}

export function warn(text: string): void {
  note(`${styled('yellow', 'Warning:', standardError())} ${text}`);
}

/** Prints what happened, why, and what to do next. An unexpected error is printed with its stack, but without tokens. */
export function reportError(error: unknown): void {
  if (error instanceof BrokerError) {
    note(`${styled('red', 'webex-token:', standardError())} ${error.message}`);
    if (error.help !== undefined) note(error.help);
    return;
  }
  const { error: name, message = '', stack } = toSafeError(error);
  note(
    [`webex-token: Unexpected error. ${name}: ${message}`, ...stack.map((line) => `    ${line}`)].join('\n'),
  );
}

/** Reads all of standard input as text, in UTF-8 or UTF-16. Throws `E_INPUT`, also if it is longer than `maxBytes`. */
export async function readStandardInput(maxBytes = 1 << 20): Promise<string> {
  return await readInput(() => false, maxBytes);
}

/**
 * Reads the first non-empty line of standard input, without waiting for its end. Empty if there is none, or if `signal`
 * ends the wait. Throws `E_INPUT`.
 */
export async function readInputLine(signal: AbortSignal): Promise<string> {
  const stop = () => void process.stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const text = await readInput((read) => read.toString('latin1').trimStart().includes('\n'), 1 << 20);
    return text.trim().split(/\r?\n/)[0] ?? '';
  } catch (error) {
    if (signal.aborted) return '';
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Reads until the end, or until a line ends and `isComplete` returns true. */
async function readInput(isComplete: (read: Buffer) => boolean, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes)
        throw new BrokerError('E_INPUT', `Standard input is larger than ${formatCount(maxBytes)} bytes.`);
      chunks.push(chunk);
      if (chunk.includes('\n') && isComplete(Buffer.concat(chunks))) break;
    }
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    // Standard input may be a folder, for example.
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new BrokerError('E_INPUT', `Standard input cannot be read (${code}).`, { cause: error });
  }
  return decodeText(Buffer.concat(chunks), 'Standard input', 'E_INPUT');
}
