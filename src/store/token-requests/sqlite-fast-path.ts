import type { DatabaseSync } from 'node:sqlite';
import type { WrappedDataKey } from '../../crypto/data-key.ts';
import type { Deployment } from '../../webex/deployments.ts';
import { type AuditEntry, type ChainEnd, nextRows, sharedChain } from '../audit/chain.ts';
import { type ChainState, signature, signatureHolds, startOf } from '../audit/signature.ts';
import type { ProtectedRow } from '../integrity/kinds.ts';
import type { DataKeys } from '../integrity/mac-keys.ts';

/*
 * The fast path of `get` on SQLite: SQL statements as text, without the query builder, which takes longer to load than
 * the whole read takes.
 */

/** The rows of a profile and its current token, with every column. */
export interface StoredToken {
  profile: ProtectedRow<'profile'> & { deployment: Deployment; org_id: string | null };
  token: ProtectedRow<'token'> & { id: string; ciphertext: string; scopes: string; expires_at: number };
}

/** The current token of a profile, still encrypted; undefined if there is none. */
export function storedToken(database: DatabaseSync, profileName: string): StoredToken | undefined {
  const profile = database.prepare('select * from profile where name = ?').get(profileName);
  if (profile === undefined) return undefined;
  const token = database
    .prepare("select * from token where profile_id = ? and state = 'current'")
    .get(profile.id as string);
  return token === undefined ? undefined : ({ profile, token } as unknown as StoredToken);
}

/** The state of a store that rollback detection compares with the last one seen. */
export interface StoredState {
  /** As JSON; see `StoreIdentity`. */
  identity: string;
  counter: number;
  mac: string;
  chains: StoredChain[];
}

/** The end of a chain of the audit log. */
export interface StoredChain {
  id: number;
  seq: number;
}

export function storedState(database: DatabaseSync): StoredState | undefined {
  const state = database
    .prepare(
      `select (select value from meta where key = 'identity') as identity, counter, mac from row_mac_head`,
    )
    .get();
  if (state === undefined) return undefined;
  const chains = database.prepare('select id, seq from audit_head').all();
  return { ...state, chains } as unknown as StoredState;
}

/** The hash of an audit row; undefined if there is none. */
export function storedHash(database: DatabaseSync, chain: number, seq: number): string | undefined {
  const row = database.prepare('select hash from audit where chain = ? and seq = ?').get(chain, seq);
  return row?.hash as string | undefined;
}

/** The IDs of the store's key-encryption keys of a kind. */
export function keyIdsOf(database: DatabaseSync, keyKind: string): string[] {
  const rows = database.prepare('select id from key_encryption_key where kind = ?').all(keyKind);
  return rows.map(({ id }) => String(id));
}

/** The data keys that are wrapped for a key-encryption key of this kind. */
export function storedDataKeys(database: DatabaseSync, keyKind: string): WrappedDataKey[] {
  return database
    .prepare(
      `select wrapped.data_key_id as "dataKeyId", wrapped.key_encryption_key_id as "keyEncryptionKeyId",
              wrapped.generation as generation, wrapped.jwe as jwe
       from wrapped_data_key as wrapped join key_encryption_key as kek on kek.id = wrapped.key_encryption_key_id
       where kek.kind = ? order by wrapped.generation`,
    )
    .all(keyKind) as unknown as WrappedDataKey[];
}

/** Writes audit rows durably, all in one commit. */
export function appendAuditRows(
  database: DatabaseSync,
  keys: DataKeys | null,
  time: number,
  entries: AuditEntry[],
): void {
  database.exec('begin immediate');
  try {
    auditWriter(database, keys)(time, entries);
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}

/**
 * Prepares a function that appends audit rows to the shared chain and signs it, within the caller's transaction.
 * If the current signature was made with a data key that is not loaded yet, the next writer signs.
 */
export function auditWriter(
  database: DatabaseSync,
  keys: DataKeys | null,
): (time: number, entries: AuditEntry[]) => void {
  const readHead = database.prepare(
    `select id, seq, hash, start_seq, start_hash, signed_seq, signature from audit_head where id = ${sharedChain}`,
  );
  const readHash = database.prepare(`select seq, hash from audit where chain = ${sharedChain} and seq = ?`);
  const writeHead = database.prepare(
    `update audit_head set seq = ?, hash = ?, signed_seq = ?, signature = ? where id = ${sharedChain}`,
  );
  const insert = database.prepare(
    `insert into audit (chain, seq, time, action, outcome, profile, client, address, "user", subject, previous_hash, hash)
     values (${sharedChain}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const signedRow = (state: ChainState): ChainEnd | null => {
    if (state.signed_seq === null) return null;
    if (state.signed_seq === state.seq) return state;
    const start = startOf(state);
    if (state.signed_seq === start.seq) return start;
    return (readHash.get(state.signed_seq) as ChainEnd | undefined) ?? null;
  };
  // This function's own last signature needs no check.
  let own: ChainState | null = null;
  return (time, entries) => {
    const state = readHead.get() as unknown as ChainState;
    const { rows, end } = nextRows(sharedChain, state, time, entries);
    for (const row of rows) {
      const { seq, action, outcome, profile, client, address, user, subject, previous_hash, hash } = row;
      insert.run(seq, time, action, outcome, profile, client, address, user, subject, previous_hash, hash);
    }
    const signs =
      keys !== null && (isSame(own, state) || signatureHolds(keys, state, signedRow(state)) === true);
    const signed = signs
      ? { signed_seq: end.seq, signature: signature(keys, sharedChain, startOf(state), end) }
      : { signed_seq: state.signed_seq, signature: state.signature };
    writeHead.run(end.seq, end.hash, signed.signed_seq, signed.signature);
    own = signs ? { ...state, ...end, ...signed } : null;
  };
}

function isSame(own: ChainState | null, state: ChainState): boolean {
  return (
    own !== null &&
    own.signature === state.signature &&
    own.hash === state.hash &&
    own.seq === state.seq &&
    own.start_hash === state.start_hash &&
    own.start_seq === state.start_seq
  );
}

/** Whether the store has the schema that this program knows, by the name of its newest migration. */
export function hasMigration(database: DatabaseSync, newest: string): boolean {
  const row = database.prepare('select max(name) as name from kysely_migration').get();
  return row?.name === newest;
}
