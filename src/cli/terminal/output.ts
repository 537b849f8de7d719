import { writeSync } from 'node:fs';
import { BrokerError } from '../../errors/broker-error.ts';

/*
 * Written before the process goes on, so that nothing is cut where it ends right after. Not with Node's streams: what
 * they could not write comes as an event, when nobody is there any more to say so.
 */

/** How long a full pipe that takes messages may keep the program waiting. Milliseconds. */
const messageWaitMs = 2_000;
const pauseMs = 5;

let readerIsGone = false;

/** Whether the reader of standard output went away (`| head -1`): there is no use in more. */
export function isOutputClosed(): boolean {
  return readerIsGone;
}

/** Writes to standard output, which may be a slow reader's. Throws `E_OUTPUT` where it cannot be written. */
export function writeResult(text: string): void {
  if (readerIsGone) return;
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

/** Writes to standard error. What cannot be said there cannot be said at all, and ends nothing. */
export function writeMessage(text: string): void {
  writeAll(2, text, messageWaitMs);
}

const reasons: Record<string, string> = {
  ENOSPC: ': the disk is full',
  EDQUOT: ': your share of the disk is full',
  EFBIG: ': the file would be too large',
  EIO: ': the device failed',
};

/** Null, or the code of why it could not be written. */
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
