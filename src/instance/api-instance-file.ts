import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isObject } from '../text/json-shape.ts';

/** A running token API that serves other hosts from this data folder, for `doctor`. */
export interface RunningApi {
  pid: number;
  address: string;
  tls: { certificate: string; key: string } | null;
}

/** Writes a file about a running token API; the returned function removes it. Best effort: the API works without it. */
export function writeApiInstanceFile(home: string, { pid, address, tls }: RunningApi): () => void {
  const port = new URL(address).port;
  const file = join(home, `api-${pid}-${port}.json`);
  // Absolute, because the reader may have another working directory.
  const files = tls && { certificate: resolve(tls.certificate), key: resolve(tls.key) };
  try {
    writeFileSync(file, JSON.stringify({ pid, started: startOf(pid), address, tls: files }), { mode: 0o600 });
  } catch {
    return () => {};
  }
  return () => {
    try {
      rmSync(file, { force: true });
    } catch {
      // Readers ignore the file once the process has exited.
    }
  };
}

/** The token APIs that are running from this data folder. */
export function findRunningApis(home: string): RunningApi[] {
  return namesIn(home)
    .filter((name) => /^api-\d+-\d+\.json$/.test(name))
    .flatMap((name) => {
      try {
        const instance: unknown = JSON.parse(readFileSync(join(home, name), 'utf8'));
        if (!isRunningApi(instance)) return [];
        const { pid, started, address, tls } = instance;
        process.kill(pid, 0);
        // The file of a process that was killed stays, and another process may have its ID now.
        return started === startOf(pid) ? [{ pid, address, tls }] : [];
      } catch {
        return [];
      }
    });
}

/** When a process started, in ticks since the system did. Null where that cannot be read. */
function startOf(pid: number): string | null {
  try {
    // The name of the program is in parentheses, and may contain spaces. proc_pid_stat(5): field 22.
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? null
    );
  } catch {
    return null;
  }
}

function isRunningApi(value: unknown): value is RunningApi & { started: unknown } {
  if (!isObject(value) || !Number.isSafeInteger(value.pid) || typeof value.address !== 'string') return false;
  const { tls } = value;
  return (
    tls === null || (isObject(tls) && typeof tls.certificate === 'string' && typeof tls.key === 'string')
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
