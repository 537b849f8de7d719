import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that owns a lease, under an ID that tells other processes of this machine whether it is still running. */
export interface LeaseOwner {
  id: string;
  /** Whether the process with that ID has certainly exited. Always false for a process of another machine. */
  hasExited(id: string): boolean;
}

/** A lease as it is stored: who does the work, and until when others leave it alone. Epoch milliseconds. */
export interface StoredLease {
  leaseOwner: string | null;
  leaseExpiresAt: number | null;
}

/**
 * Until when a stored lease keeps others away; null if the work is free: its owner has exited, or the lease has expired. No
 * lease lasts longer than `longestMs`: one that ends further ahead was written while the clock was wrong.
 */
export function leasedUntil(
  { leaseOwner, leaseExpiresAt }: StoredLease,
  { now, hasExited, longestMs }: Pick<LeaseOwner, 'hasExited'> & { now: number; longestMs: number },
): number | null {
  if (leaseOwner === null || leaseExpiresAt === null || hasExited(leaseOwner)) return null;
  return leaseExpiresAt > now && leaseExpiresAt <= now + longestMs ? leaseExpiresAt : null;
}

/** This process. Two containers may share a host name and process IDs, so that the PID namespace is part of the ID. */
export function currentProcess(): LeaseOwner {
  const machine = `${hostname()}/${processNamespace()}`;
  return {
    id: `${machine}/${process.pid}/${randomUUID()}`,
    hasExited: (id) => {
      const [pid] = id.startsWith(`${machine}/`) ? id.slice(machine.length + 1).split('/') : [];
      return pid !== undefined && !isRunning(Number(pid));
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

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is running too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
