import { fstatSync, statSync } from 'node:fs';

/** What decides how text is printed. */
export interface OutputStream {
  isTTY?: boolean;
  columns?: number;
}

const noTerminal: OutputStream = { isTTY: false };

/** Standard output, as far as it matters for how text is printed. */
export function standardOutput(): OutputStream {
  return mayBeTerminal(1) ? process.stdout : noTerminal;
}

/** The same for standard error. */
export function standardError(): OutputStream {
  return mayBeTerminal(2) ? process.stderr : noTerminal;
}

/** By descriptor. A descriptor stays what it is for as long as the process runs. */
const known = new Map<number, boolean>();

function mayBeTerminal(descriptor: number): boolean {
  const answer = known.get(descriptor) ?? isDevice(descriptor);
  known.set(descriptor, answer);
  return answer;
}

/** For a pipe, a file and `/dev/null`, Node's stream loads what connections need, which takes as long as the rest of a short command. */
function isDevice(descriptor: number): boolean {
  if (process.platform === 'win32') return true;
  try {
    const stats = fstatSync(descriptor);
    return stats.isCharacterDevice() && stats.rdev !== statSync('/dev/null').rdev;
  } catch {
    return false;
  }
}
