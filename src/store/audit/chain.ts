import { hash } from 'node:crypto';

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
  /** The key or file that it is about: the beginning of a key's ID, a path. */
  subject?: string | null;
}

export interface AuditRow extends Required<AuditEntry> {
  seq: number;
  /** Epoch milliseconds. */
  time: number;
}

/** An entry as it is stored, with every field there. */
export function auditRow(seq: number, time: number, entry: AuditEntry): AuditRow {
  const { action, outcome, profile, client, address, user, subject } = entry;
  return {
    seq,
    time,
    action: storable(action),
    outcome: storable(outcome),
    profile: storable(profile ?? null),
    client: storable(client ?? null),
    address: storable(address ?? null),
    user: storable(user ?? null),
    subject: storable(subject ?? null),
  };
}

/** What comes back from every engine as it went in, or the hash would not fit it any more: no NUL, no half characters. */
function storable<T extends string | null>(text: T): T {
  return text === null ? text : (text.toWellFormed().replaceAll('\0', '\ufffd') as T);
}

/** What the first row names as its predecessor. */
export const genesisHash = '0'.repeat(64);

/** SHA-256 over the predecessor's hash and every field, in hexadecimal: an edit, a gap or a swap breaks the chain. */
export function auditHash(previousHash: string, row: AuditRow): string {
  const { seq, time, action, outcome, profile, client, address, user, subject } = row;
  const fields: unknown[] = [seq, time, action, outcome, profile, client, address, user];
  // Rows without one have the hash that earlier versions gave them.
  if (subject !== null) fields.push(subject);
  return hash('sha256', previousHash + JSON.stringify(fields), 'hex');
}

/** The action of the row that says where the chain begins after older rows were removed. */
export const pruneAction = 'prune';

/** Its outcome: the number and the hash of the last row removed, which the first row left follows. */
export function pruneOutcome(seq: number, hash: string): string {
  return `rows up to ${seq} removed, ${hash}`;
}

/** Null where the text is no such outcome. */
export function parsePruneOutcome(outcome: string): { seq: number; hash: string } | null {
  const [, seq, hash] = /^rows up to (\d+) removed, ([0-9a-f]{64})$/.exec(outcome) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}
