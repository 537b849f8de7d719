import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who sends, by a name that tells others on this machine whether it still lives. */
export interface LeaseOwner {
  id: string;
  /** Whether the claimant of that name certainly does no more: another process of this machine, ended. */
  hasExited(id: string): boolean;
}

/** This process. Two containers may share host name and process numbers, so the namespace is part of the name. */
export function currentProcess(): LeaseOwner {
  const machine = `${hostname()}/${processNamespace()}`;
  return {
    id: `${machine}/${process.pid}/${randomUUID()}`,
    hasExited: (id) => {
      const [pid] = id.startsWith(`${machine}/`) ? id.slice(machine.length + 1).split('/') : [];
      return pid !== undefined && !isAlive(Number(pid));
    },
  };
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
