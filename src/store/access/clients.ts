import type { Selectable } from 'kysely';
import { type Client, defaultMaxExpiresIn } from '../../domain/client.ts';
import type { WorkloadIdentity } from '../../domain/workload-identity.ts';
import type { ClientTable } from '../database/schema.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { clearDestinationsOfClient } from '../destinations.ts';
import { authentic, authenticRow } from '../integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from '../integrity/changes.ts';

export interface NewClient {
  id: string;
  name: string;
  /** SHA-256 of its secret; null if it has public keys instead. */
  secretHash: string | null;
  /** A JSON Web Key Set of public keys, as JSON. */
  jwks: string | null;
  addresses: string[];
  expiresAt: number | null;
  createdAt: number;
  maxExpiresIn: number | null;
  relayRights: Client['relayRights'];
  workloadIdentity: WorkloadIdentity | null;
  /** Whether an unknown `scope` in its requests is ignored. */
  anyScope: boolean;
  profileIds: string[];
}

/** Within the caller's transaction. */
export async function insertClient(db: Db, client: NewClient): Promise<void> {
  created(db, 'client', [client.id]);
  created(
    db,
    'grant',
    client.profileIds.map((profileId) => `${client.id}/${profileId}`),
  );
  await db
    .insertInto('client')
    .values({
      id: client.id,
      name: client.name,
      secret_hash: client.secretHash,
      jwks: client.jwks,
      addresses: JSON.stringify(client.addresses),
      expires_at: client.expiresAt,
      created_at: client.createdAt,
      max_expires_in: client.maxExpiresIn,
      relay_rights: client.relayRights,
      issuer: client.workloadIdentity?.issuer ?? null,
      subject: client.workloadIdentity?.subject ?? null,
      audience: client.workloadIdentity?.audience ?? null,
      any_scope: client.anyScope ? 1 : null,
    })
    .execute();
  // In batches: a statement accepts a limited number of values.
  for (let at = 0; at < client.profileIds.length; at += 500) {
    const part = client.profileIds.slice(at, at + 500);
    await db
      .insertInto('client_profile')
      .values(part.map((profileId) => ({ client_id: client.id, profile_id: profileId })))
      .execute();
  }
}

export async function findClient(db: Db, name: string): Promise<Client | null> {
  const row = await authenticRow(db, 'client', () =>
    db.selectFrom('client').selectAll().where('name', '=', name).executeTakeFirst(),
  );
  return row === undefined ? null : fromRow(row, await profilesOf(db, row.id));
}

/** The names of clients, by ID. */
export async function clientNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('client').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Every client, by name. */
export async function listClients(db: Db): Promise<Client[]> {
  const rows = await authentic(db, 'client', () =>
    db.selectFrom('client').selectAll().orderBy('name').execute(),
  );
  return await Promise.all(rows.map(async (row) => fromRow(row, await profilesOf(db, row.id))));
}

/** The public keys of a client, as a JSON Web Key Set, and whether it has a workload identity. Null: no such client. */
export async function assertionMethod(
  db: Db,
  name: string,
): Promise<{ jwks: string | null; hasWorkloadIdentity: boolean } | null> {
  const row = await db
    .selectFrom('client')
    .select(['jwks', 'issuer'])
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? null : { jwks: row.jwks, hasWorkloadIdentity: row.issuer !== null };
}

/**
 * What the JWT of a client must contain; null if the client authenticates in another way or does not exist. Checks the MAC of
 * the row, because requests are sent to the issuer. Throws `E_INTEGRITY`, `E_STORE_ROLLED_BACK`.
 */
export async function clientWorkloadIdentity(db: Db, name: string): Promise<WorkloadIdentity | null> {
  const row = await authenticRow(db, 'client', () =>
    db.selectFrom('client').selectAll().where('name', '=', name).executeTakeFirst(),
  );
  return row === undefined ? null : workloadIdentityOf(row);
}

/** False if there was no such client. Removes it even if another program wrote it. */
export async function deleteClient(db: Db, name: string): Promise<boolean> {
  return await inTransaction(db, async (trx) => {
    const row = await trx.selectFrom('client').select('id').where('name', '=', name).executeTakeFirst();
    if (row === undefined) return false;
    await removing(trx, 'client', [row.id]);
    await removing(trx, 'grant', await grantIds(trx, 'client_id', row.id));
    await clearDestinationsOfClient(trx, row.id);
    await trx.deleteFrom('client').where('id', '=', row.id).execute();
    return true;
  });
}

/** The IDs of the grants of a client or of a profile. */
export async function grantIds(db: Db, by: 'client_id' | 'profile_id', id: string): Promise<string[]> {
  const rows = await db.selectFrom('client_profile').selectAll().where(by, '=', id).execute();
  return rows.map(({ client_id, profile_id }) => `${client_id}/${profile_id}`);
}

/** Whether there is a client with this name, even if another program wrote it. */
export async function clientExists(db: Db, name: string): Promise<boolean> {
  const row = await db.selectFrom('client').select('id').where('name', '=', name).executeTakeFirst();
  return row !== undefined;
}

/** Stores a new secret for a client. The previous one works until `previousUntil` (epoch milliseconds). */
export async function replaceSecret(
  db: Db,
  name: string,
  secretHash: string,
  previousUntil: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const row = await trx.selectFrom('client').select('id').where('name', '=', name).executeTakeFirst();
    if (row === undefined) return;
    await changing(trx, 'client', [row.id]);
    await trx
      .updateTable('client')
      .set((expression) => ({
        previous_secret_hash: expression.ref('secret_hash'),
        previous_secret_until: previousUntil,
        previous_secret_used_at: null,
        secret_hash: secretHash,
      }))
      .where('id', '=', row.id)
      .execute();
  });
}

/** A client's secret that works in addition to the current one. Times are epoch milliseconds. */
export interface SecondSecret {
  hash: string | null;
  until: number | null;
  usedAt: number | null;
}

/** Replaces the second secret of a client, and returns the previous second one. */
export async function replaceSecondSecret(
  db: Db,
  clientId: string,
  { hash, until, usedAt }: SecondSecret,
): Promise<SecondSecret> {
  return await inTransaction(db, async (trx) => {
    const before = await trx
      .selectFrom('client')
      .select([
        'previous_secret_hash as hash',
        'previous_secret_until as until',
        'previous_secret_used_at as usedAt',
      ])
      .where('id', '=', clientId)
      .executeTakeFirst();
    if (before === undefined) return { hash: null, until: null, usedAt: null };
    await changing(trx, 'client', [clientId]);
    await trx
      .updateTable('client')
      .set({
        previous_secret_hash: hash,
        previous_secret_until: until,
        previous_secret_used_at: usedAt,
      })
      .where('id', '=', clientId)
      .execute();
    return before;
  });
}

/** Resets the last use of a client to `lastUsedAt` (null: never) if it was not after `usedUntil`. Epoch milliseconds. */
export async function resetLastUsed(
  db: Db,
  clientId: string,
  { lastUsedAt, usedUntil }: { lastUsedAt: number | null; usedUntil: number },
): Promise<void> {
  await db
    .updateTable('client')
    .set({ last_used_at: lastUsedAt })
    .where('id', '=', clientId)
    .where('last_used_at', '<=', usedUntil)
    .execute();
}

/** Makes the second secret the current one; the current one works until `previousUntil`. Does nothing without a second one. */
export async function promoteSecondSecret(db: Db, clientId: string, previousUntil: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const row = await trx
      .selectFrom('client')
      .select(['secret_hash', 'previous_secret_hash'])
      .where('id', '=', clientId)
      .executeTakeFirst();
    if (row?.previous_secret_hash == null) return;
    await changing(trx, 'client', [clientId]);
    await trx
      .updateTable('client')
      .set({
        secret_hash: row.previous_secret_hash,
        previous_secret_hash: row.secret_hash,
        previous_secret_until: previousUntil,
        previous_secret_used_at: null,
      })
      .where('id', '=', clientId)
      .execute();
  });
}

async function profilesOf(db: Db, clientId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('client_profile')
    .innerJoin('profile', 'profile.id', 'client_profile.profile_id')
    .select('profile.name')
    .where('client_id', '=', clientId)
    .orderBy('profile.name')
    .execute();
  return rows.map(({ name }) => name);
}

function fromRow(row: Selectable<ClientTable>, profiles: string[]): Client {
  return {
    id: row.id,
    name: row.name,
    profiles,
    authentication: authenticationOf(row),
    relayRights: row.relay_rights,
    workloadIdentity: workloadIdentityOf(row),
    addresses: parseListColumn(row.addresses, 'client.addresses'),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    maxExpiresIn: row.max_expires_in ?? defaultMaxExpiresIn,
    lastUsedAt: row.last_used_at,
    previousSecret:
      row.previous_secret_hash === null || row.previous_secret_until === null
        ? null
        : { until: row.previous_secret_until, lastUsedAt: row.previous_secret_used_at },
  };
}

function authenticationOf(row: Selectable<ClientTable>): Client['authentication'] {
  if (row.issuer !== null) return 'workload_identity';
  return row.jwks === null ? 'secret' : 'private_key_jwt';
}

function workloadIdentityOf(row: Selectable<ClientTable>): WorkloadIdentity | null {
  const { issuer, subject, audience, any_scope } = row;
  if (issuer === null || subject === null || audience === null) return null;
  return { issuer, subject, audience, anyScope: any_scope === 1 };
}
