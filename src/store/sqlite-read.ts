import type { DatabaseSync } from 'node:sqlite';
import type { WrappedDataKey } from '../keys/data-key.ts';
import type { Deployment } from '../webex/deployments.ts';
import { type AuditEntry, auditHash, auditRow } from './audit-chain.ts';

/*
 * Reading one token is what this program does most, so on SQLite it has a short way: the statements as text, without
 * the query builder, whose loading alone would take longer than the whole reading.
 */

export interface StoredToken {
  tokenId: string;
  profileId: string;
  sealed: string;
  /** Epoch milliseconds. */
  expiresAt: number;
  deployment: Deployment;
  orgId: string | null;
  /** As JSON. */
  scopes: string;
}

/** The current token of a profile, still sealed; undefined where there is none. */
export function storedToken(database: DatabaseSync, profileName: string): StoredToken | undefined {
  return database
    .prepare(
      `select token.id as "tokenId", profile.id as "profileId", token.sealed as sealed, token.expires_at as "expiresAt",
              profile.deployment as deployment, profile.org_id as "orgId", token.scopes as scopes
       from profile join token on token.profile_id = profile.id and token.state = 'current'
       where profile.name = ?`,
    )
    .get(profileName) as StoredToken | undefined;
}

/** The data keys that a key-encryption key of a kind opens. */
export function storedDataKeys(database: DatabaseSync, keyKind: string): WrappedDataKey[] {
  return database
    .prepare(
      `select wrapped.data_key_id as "dataKeyId", wrapped.key_encryption_key_id as "keyEncryptionKeyId",
              wrapped.generation as generation, wrapped.jwe as jwe
       from wrapped_data_key as wrapped join key_encryption_key as kek on kek.id = wrapped.key_encryption_key_id
       where kek.kind = ?`,
    )
    .all(keyKind) as unknown as WrappedDataKey[];
}

/** Writes audit rows durably, all in one commit. */
export function appendAuditRows(database: DatabaseSync, time: number, entries: AuditEntry[]): void {
  database.exec('begin immediate');
  try {
    auditWriter(database)(time, entries);
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}

/** Prepares what writes audit rows at the end of the chain, within a transaction that the caller has begun. */
export function auditWriter(database: DatabaseSync): (time: number, entries: AuditEntry[]) => void {
  const readHead = database.prepare('select seq, hash from audit_head where id = 1');
  const writeHead = database.prepare('update audit_head set seq = ?, hash = ? where id = 1');
  const insert = database.prepare(
    `insert into audit (seq, time, action, outcome, profile, client, address, "user", previous_hash, hash)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (time, entries) => {
    let { seq, hash } = readHead.get() as { seq: number; hash: string };
    for (const entry of entries) {
      seq += 1;
      const row = auditRow(seq, time, entry);
      const previousHash = hash;
      hash = auditHash(previousHash, row);
      const { action, outcome, profile, client, address, user } = row;
      insert.run(seq, time, action, outcome, profile, client, address, user, previousHash, hash);
    }
    writeHead.run(seq, hash);
  };
}

/** Whether the store's tables are the ones that this program knows: the name of the newest migration says it. */
export function hasMigration(database: DatabaseSync, newest: string): boolean {
  const row = database.prepare('select max(name) as name from kysely_migration').get();
  return row?.name === newest;
}
