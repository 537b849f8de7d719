import { writeSync } from 'node:fs';
import { BrokerError } from '../../errors/broker-error.ts';

/*
 * Output is written synchronously, so that nothing is lost if the process exits right after. Node's streams report a failed
 * write as an event, which may come too late.
 */

/** How long a message may wait for a full pipe. Milliseconds. */
const messageWaitMs = 2_000;
const pauseMs = 5;

let readerIsGone = false;

/** Whether the reader of standard output has closed it (`| head -1`), so that more output is useless. */
export function isOutputClosed(): boolean {
  return readerIsGone;
}

/** Messages that are not printed until it is certain that the command does not have to run again. */
interface MessageBuffer {
  messages: string[];
  /** Whether the command will run again, so that the output of this run has to be dropped. */
  isSuperseded: () => boolean;
}

let buffer: MessageBuffer | null = null;

/** Buffers all messages until the first result or `flushMessages`. While `isSuperseded` returns true, nothing is printed. */
export function bufferMessages(isSuperseded: () => boolean): void {
  buffer = { messages: [], isSuperseded };
}

export function flushMessages(): void {
  const messages = buffer?.isSuperseded() ? [] : (buffer?.messages ?? []);
  buffer = null;
  for (const text of messages) writeMessage(text);
}

/** Writes to standard output, and waits for a slow reader. Throws `E_OUTPUT` if writing fails. */
export function writeResult(text: string): void {
  if (readerIsGone || buffer?.isSuperseded()) return;
  flushMessages();
  const failure = writeAll(1, text, Number.POSITIVE_INFINITY);
  if (failure === null) return;
  if (failure === 'EPIPE') {
    readerIsGone = true;
    return;
  }
  throw new BrokerError(
    'E_OUTPUT',
    `Standard output could not be written${reasons[failure] ?? ''} (${failure}).`,
  );
}

/** Writes to standard error. A failure is ignored: there is nowhere to report it. */
export function writeMessage(text: string): void {
  if (buffer === null) writeAll(2, text, messageWaitMs);
  else buffer.messages.push(text);
}

const reasons: Record<string, string> = {
  ENOSPC: ': the disk is full',
  EDQUOT: ': your disk quota is used up',
  EFBIG: ': the file would be too large',
  EIO: ': the device failed',
};

/** Null, or the code of the error. */
function writeAll(descriptor: number, text: string, mostWaitMs: number): string | null {
  let rest = Buffer.from(text);
  let waited = 0;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
      waited = 0;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' || waited >= mostWaitMs) return code;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      waited += pauseMs;
    }
  }
  return null;
}
