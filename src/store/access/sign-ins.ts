import type { Selectable } from 'kysely';
import { clockToleranceMs } from '../../domain/lifetimes.ts';
import type { Deployment } from '../../webex/deployments.ts';
import type { SignInTable } from '../database/schema.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { authenticRow } from '../integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from '../integrity/changes.ts';

/** A sign-in that is active or that ended recently. */
export interface SignIn {
  id: string;
  profileName: string;
  /** The display name of the profile, if the sign-in creates it. */
  displayName: string | null;
  deployment: Deployment;
  orgId: string | null;
  scopes: string[];
  freshSignIn: boolean;
  sessionBindingHash: string | null;
  /** Epoch milliseconds. */
  expiresAt: number;
  consumedAt: number | null;
  tokenId: string | null;
  error: { code: string; message: string } | null;
}

export interface NewSignIn {
  id: string;
  profileName: string;
  displayName: string | null;
  deployment: Deployment;
  orgId: string | null;
  scopes: string[];
  freshSignIn: boolean;
  createdAt: number;
  expiresAt: number;
}

export async function insertSignIn(
  db: Db,
  signIn: NewSignIn,
  hashes: { state?: string; sessionBinding?: string; link?: string },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    created(trx, 'signIn', [signIn.id]);
    await trx
      .insertInto('sign_in')
      .values({
        id: signIn.id,
        state_hash: hashes.state ?? null,
        session_binding_hash: hashes.sessionBinding ?? null,
        link_hash: hashes.link ?? null,
        profile_name: signIn.profileName,
        display_name: signIn.displayName,
        deployment: signIn.deployment,
        org_id: signIn.orgId,
        scopes: JSON.stringify(signIn.scopes),
        fresh_sign_in: signIn.freshSignIn ? 1 : 0,
        created_at: signIn.createdAt,
        expires_at: signIn.expiresAt,
        consumed_at: null,
        token_id: null,
        error: null,
        error_message: null,
      })
      .execute();
  });
}

export async function signInByState(db: Db, stateHash: string): Promise<SignIn | null> {
  return await one(db, () =>
    db.selectFrom('sign_in').selectAll().where('state_hash', '=', stateHash).executeTakeFirst(),
  );
}

export async function signInById(db: Db, id: string): Promise<SignIn | null> {
  return await one(db, () => db.selectFrom('sign_in').selectAll().where('id', '=', id).executeTakeFirst());
}

/**
 * Marks the one-time link of a sign-in as used, and sets its state and the browser session that may finish it.
 * Null if the link does not exist, was used or has expired.
 */
export async function startByLink(
  db: Db,
  linkHash: string,
  now: number,
  hashes: { state: string; sessionBinding: string },
): Promise<SignIn | null> {
  return await inTransaction(db, async (trx) => {
    const pending = await signInByLink(trx, linkHash, now);
    if (pending === null) return null;
    await changing(trx, 'signIn', [pending.id]);
    return await one(trx, () =>
      trx
        .updateTable('sign_in')
        .set({ link_hash: null, state_hash: hashes.state, session_binding_hash: hashes.sessionBinding })
        .where('link_hash', '=', linkHash)
        .where('expires_at', '>', now)
        .where('consumed_at', 'is', null)
        .returningAll()
        .executeTakeFirst(),
    );
  });
}

/**
 * The sign-in of an unused one-time link; null if the link does not exist, was used or has expired. One that was created while
 * the clock was ahead, which would last too long, has expired.
 */
export async function signInByLink(db: Db, linkHash: string, now: number): Promise<SignIn | null> {
  return await one(db, () =>
    db
      .selectFrom('sign_in')
      .selectAll()
      .where('link_hash', '=', linkHash)
      .where('expires_at', '>', now)
      .where('created_at', '<=', now + clockToleranceMs)
      .where('consumed_at', 'is', null)
      .executeTakeFirst(),
  );
}

/** Ends a sign-in that has not ended yet. False if another process was faster. */
export async function consumeSignIn(
  db: Db,
  id: string,
  now: number,
  outcome: { tokenId: string } | { error: { code: string; message: string } },
): Promise<boolean> {
  return await inTransaction(db, async (trx) => {
    await changing(trx, 'signIn', [id]);
    const row = await trx
      .updateTable('sign_in')
      .set({
        consumed_at: now,
        ...('tokenId' in outcome
          ? { token_id: outcome.tokenId }
          : { error: outcome.error.code, error_message: outcome.error.message }),
      })
      .where('id', '=', id)
      .where('consumed_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  });
}

/** Moves the active sign-ins of a profile to its new name. */
export async function renameSignIns(db: Db, oldName: string, newName: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const rows = await trx
      .selectFrom('sign_in')
      .select('id')
      .where('profile_name', '=', oldName)
      .where('consumed_at', 'is', null)
      .execute();
    await changing(
      trx,
      'signIn',
      rows.map(({ id }) => id),
    );
    await trx
      .updateTable('sign_in')
      .set({ profile_name: newName })
      .where('profile_name', '=', oldName)
      .where('consumed_at', 'is', null)
      .execute();
  });
}

/** Deletes a sign-in that was not finished. */
export async function deleteUnusedSignIn(db: Db, id: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const row = await trx
      .selectFrom('sign_in')
      .select('id')
      .where('id', '=', id)
      .where('consumed_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined) return;
    await removing(trx, 'signIn', [id]);
    await trx.deleteFrom('sign_in').where('id', '=', id).execute();
  });
}

/** Deletes the sign-ins that expired before `before` (epoch milliseconds). */
export async function deleteOldSignIns(db: Db, before: number): Promise<void> {
  const old = await db.selectFrom('sign_in').select('id').where('expires_at', '<', before).execute();
  if (old.length === 0) return;
  await inTransaction(db, async (trx) => {
    const ids = old.map(({ id }) => id);
    await removing(trx, 'signIn', ids);
    await trx.deleteFrom('sign_in').where('expires_at', '<', before).execute();
  });
}

/** Throws `E_INTEGRITY` if another program wrote the row. */
async function one(db: Db, read: () => Promise<Selectable<SignInTable> | undefined>): Promise<SignIn | null> {
  const found = await authenticRow(db, 'signIn', read);
  if (found === undefined) return null;
  return {
    id: found.id,
    profileName: found.profile_name,
    displayName: found.display_name,
    deployment: found.deployment,
    orgId: found.org_id,
    scopes: parseListColumn(found.scopes, 'sign_in.scopes'),
    freshSignIn: found.fresh_sign_in !== 0,
    sessionBindingHash: found.session_binding_hash,
    expiresAt: found.expires_at,
    consumedAt: found.consumed_at,
    tokenId: found.token_id,
    error: found.error === null ? null : { code: found.error, message: found.error_message ?? '' },
  };
}
