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
  /** The chain that it belongs to. */
  chain: number;
  /** Its number in the chain. */
  seq: number;
  /** Epoch milliseconds. */
  time: number;
}

/** A row with its hash, and the hash of the row before it in its chain. */
export interface ChainedRow extends AuditRow {
  previous_hash: string;
  hash: string;
}

/** The last row of a chain, or of a part of it. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

/**
 * The chain of the transactions that change the store. They run one after another, so they share it. Every store has it. The
 * other chains are in the table `audit_chain`.
 */
export const sharedChain = 1;

/** The name of a row in messages: its number, and its chain if that is not the shared one. */
export function rowText(
  { chain, seq }: Pick<AuditRow, 'chain' | 'seq'>,
  noun: 'row' | 'entry' = 'row',
): string {
  return chain === sharedChain ? `${noun} ${seq}` : `${noun} ${seq} of chain ${chain}`;
}

/** The rows of these entries after the end of a chain, and the chain's new end. */
export function nextRows(
  chain: number,
  { seq, hash }: ChainEnd,
  time: number,
  entries: readonly AuditEntry[],
): { rows: ChainedRow[]; end: ChainEnd } {
  const end = { seq, hash };
  const rows = entries.map((entry): ChainedRow => {
    const row = auditRow({ chain, seq: end.seq + 1 }, time, entry);
    const previousHash = end.hash;
    end.hash = auditHash(previousHash, row);
    end.seq += 1;
    return { ...row, previous_hash: previousHash, hash: end.hash };
  });
  return { rows, end };
}

/** An entry as it is stored, with every field. */
export function auditRow(
  { chain, seq }: Pick<AuditRow, 'chain' | 'seq'>,
  time: number,
  entry: AuditEntry,
): AuditRow {
  const { action, outcome, profile, client, address, user, subject } = entry;
  return {
    chain,
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

/** The predecessor's hash in the first row of a chain. */
export const genesisHash = '0'.repeat(64);

/**
 * SHA-256 over the predecessor's hash and every field, in hexadecimal: a row that was edited, removed, swapped or moved to
 * another chain breaks its chain.
 */
export function auditHash(previousHash: string, row: AuditRow): string {
  const { chain, seq, time, action, outcome, profile, client, address, user, subject } = row;
  const fields: unknown[] = [seq, time, action, outcome, profile, client, address, user];
  // Rows without a subject keep the hash that earlier versions calculated.
  if (subject !== null) fields.push(subject);
  // Rows of the shared chain also keep it: earlier versions had no other chain.
  if (chain !== sharedChain) fields.unshift(chain);
  return hash('sha256', previousHash + JSON.stringify(fields), 'hex');
}

/** The action of the row that records where the chain starts after older rows were removed. */
export const pruneAction = 'prune';

/** Its outcome: the number and hash of the last removed row, which is the predecessor of the first one left. */
export function pruneOutcome(seq: number, hash: string): string {
  return `rows up to ${seq} removed, ${hash}`;
}

/** Null if the text is not such an outcome. */
export function parsePruneOutcome(outcome: string): { seq: number; hash: string } | null {
  const [, seq, hash] = /^rows up to (\d+) removed, ([0-9a-f]{64})$/.exec(outcome) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}
