import { fstatSync, statSync } from 'node:fs';

/** The properties of a stream that determine how text is printed. */
export interface OutputStream {
  isTTY?: boolean;
  columns?: number;
}

const noTerminal: OutputStream = { isTTY: false };

/** The properties of standard output. */
export function standardOutput(): OutputStream {
  return mayBeTerminal(1) ? process.stdout : noTerminal;
}

/** The properties of standard error. */
export function standardError(): OutputStream {
  return mayBeTerminal(2) ? process.stderr : noTerminal;
}

/** By descriptor. The kind of a descriptor does not change while the process runs. */
const known = new Map<number, boolean>();

function mayBeTerminal(descriptor: number): boolean {
  const answer = known.get(descriptor) ?? isDevice(descriptor);
  known.set(descriptor, answer);
  return answer;
}

/**
 * For a pipe, a file and `/dev/null`, Node's stream loads the code for connections, which takes as long as the rest of a
 * short command.
 */
function isDevice(descriptor: number): boolean {
  if (process.platform === 'win32') return true;
  try {
    const stats = fstatSync(descriptor);
    return stats.isCharacterDevice() && stats.rdev !== statSync('/dev/null').rdev;
  } catch {
    return false;
  }
}
