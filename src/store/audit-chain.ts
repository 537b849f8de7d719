import { createHash } from 'node:crypto';

/** What one row of the audit log says. It never holds a token. */
export interface AuditEntry {
  /** What was done: `capture`, `import`, `verify`, `read`, `remove`, … */
  action: string;
  /** `ok`, or the OAuth error code or a short reason. */
  outcome: string;
  profile?: string | null;
  client?: string | null;
  /** The network address that asked; null where it was a command on this machine. */
  address?: string | null;
  /** The operating system's user, where it was a command. */
  user?: string | null;
}

export interface AuditRow extends Required<AuditEntry> {
  seq: number;
  /** Epoch milliseconds. */
  time: number;
}

/** An entry as it is stored, with every field there. */
export function auditRow(seq: number, time: number, entry: AuditEntry): AuditRow {
  const { action, outcome, profile = null, client = null, address = null, user = null } = entry;
  return { seq, time, action, outcome, profile, client, address, user };
}

/** What the first row names as its predecessor. */
export const genesisHash = '0'.repeat(64);

/** SHA-256 over the predecessor's hash and every field, in hexadecimal: an edit, a gap or a swap breaks the chain. */
export function auditHash(previousHash: string, row: AuditRow): string {
  const { seq, time, action, outcome, profile, client, address, user } = row;
  return createHash('sha256')
    .update(previousHash)
    .update(JSON.stringify([seq, time, action, outcome, profile, client, address, user]))
    .digest('hex');
}
