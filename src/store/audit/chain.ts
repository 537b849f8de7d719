import { hash } from 'node:crypto';

/** The content of one row of the audit log. It never contains a token. */
export interface AuditEntry {
  /** What was done: `capture`, `import`, `verify`, `read`, `remove`, … */
  action: string;
  /** `ok`, or the OAuth error code or a short reason. */
  outcome: string;
  profile?: string | null;
  client?: string | null;
  /** The network address of the request; null for a command on this host. */
  address?: string | null;
  /** The operating system's user, for a command. */
  user?: string | null;
  /**
   * What it concerns: the start of a key's ID, a path, a method and resource type, or the claim of an assertion that did not
   * match.
   */
  subject?: string | null;
}

export interface AuditRow extends Required<AuditEntry> {
  seq: number;
  /** Epoch milliseconds. */
  time: number;
}

/** An entry as it is stored, with every field. */
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

/** Text that every engine returns unchanged, so that its hash stays valid: no NUL, no lone surrogates. */
function storable<T extends string | null>(text: T): T {
  return text === null ? text : (text.toWellFormed().replaceAll('\0', '\ufffd') as T);
}

/** The predecessor's hash in the first row. */
export const genesisHash = '0'.repeat(64);

/** SHA-256 over the predecessor's hash and every field, in hexadecimal: an edited, missing or swapped row breaks the chain. */
export function auditHash(previousHash: string, row: AuditRow): string {
  const { seq, time, action, outcome, profile, client, address, user, subject } = row;
  const fields: unknown[] = [seq, time, action, outcome, profile, client, address, user];
  // Rows without a subject keep the hash that earlier versions calculated.
  if (subject !== null) fields.push(subject);
  return hash('sha256', previousHash + JSON.stringify(fields), 'hex');
}

/** The action of the row that records where the chain starts after older rows were removed. */
export const pruneAction = 'prune';

/** Its outcome: the number and hash of the last removed row, which is the predecessor of the first one left. */
export function pruneOutcome(seq: number, hash: string): string {
  return `rows up to ${seq} removed, ${hash}`;
}

/** Null where the text is not such an outcome. */
export function parsePruneOutcome(outcome: string): { seq: number; hash: string } | null {
  const [, seq, hash] = /^rows up to (\d+) removed, ([0-9a-f]{64})$/.exec(outcome) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}
