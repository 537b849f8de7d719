import { type RawBuilder, type Selectable, sql } from 'kysely';
import { expiryOf, type Lifetimes } from '../../domain/lifetimes.ts';
import type { Account, ReviewReason, Token, TokenState } from '../../domain/token.ts';
import { nextTurn } from '../../next-turn.ts';
import { oneOf } from '../database/one-of.ts';
import type { TokenTable } from '../database/schema.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { authentic, authenticRow } from '../integrity/authentic-rows.ts';
import { changing, created, inTransaction, removing } from '../integrity/changes.ts';
import { scheduleReminders, unscheduleReminders } from '../reminders/schedule.ts';
import { refreshDerivedColumns, refreshManyDerivedColumns } from './derived-columns.ts';

const columns = [
  'id',
  'profile_id',
  'state',
  'source',
  'captured_at',
  'expires_confirmed',
  'expires_reported',
  'expires_documented',
  'scopes',
  'org_id',
  'account_id',
  'account_name',
  'account_email',
  'account_org_id',
  'account_admin',
  'verified_at',
  'rejected_at',
  'review_reason',
  'warnings',
] as const satisfies (keyof TokenTable)[];

/** The states as literals, because SQLite uses the partial indexes on a state only with a literal in the statement. */
export const stateOf = {
  current: sql.lit('current'),
  pending: sql.lit('pending'),
  needsReview: sql.lit('needs-review'),
} as const satisfies Record<string, RawBuilder<TokenState>>;

export async function tokenById(db: Db, id: string): Promise<Token | null> {
  const row = await authenticRow(db, 'token', () =>
    db.selectFrom('token').select(columns).select('ciphertext').where('id', '=', id).executeTakeFirst(),
  );
  return row === undefined ? null : fromRow(row);
}

/** A profile's tokens, newest first. */
export async function tokensOf(db: Db, profileId: string): Promise<Token[]> {
  const rows = await authentic(db, 'token', () =>
    db
      .selectFrom('token')
      .select(columns)
      .select('ciphertext')
      .where('profile_id', '=', profileId)
      .orderBy('captured_at', 'desc')
      .orderBy('id')
      .execute(),
  );
  return rows.map(fromRow);
}

/** The current tokens of these profiles, unordered. */
export async function currentTokensOf(db: Db, profileIds: string[]): Promise<Token[]> {
  if (profileIds.length === 0) return [];
  const rows = await db
    .selectFrom('token')
    .select(columns)
    .where('state', '=', stateOf.current)
    .where(oneOf(db, 'profile_id', profileIds))
    .execute();
  return rows.map(fromRow);
}

export async function currentTokens(db: Db): Promise<Token[]> {
  const rows = await db.selectFrom('token').select(columns).where('state', '=', stateOf.current).execute();
  return rows.map(fromRow);
}

/**
 * The IDs of all current tokens, in batches of some hundreds, for changes to all of them. No statement and no turn of the
 * event loop takes more than a few milliseconds.
 */
export async function* currentTokenIds(db: Db): AsyncGenerator<string[]> {
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('token')
      .select('id')
      .where('id', '>', after)
      .where('state', '=', stateOf.current)
      .orderBy('id')
      .limit(200)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.map(({ id }) => id);
    await nextTurn();
  }
}

/** Tokens that were stored but, because of a crash or a lost connection, never verified. Oldest first. */
export async function pendingTokens(db: Db): Promise<Token[]> {
  const rows = await db
    .selectFrom('token')
    .select(columns)
    .where('state', '=', stateOf.pending)
    .orderBy('captured_at')
    .execute();
  return rows.map(fromRow);
}

/** Tokens that need review, newest first: those of these profiles, or of all. */
export async function tokensNeedingReview(
  db: Db,
  { profileIds, limit }: { profileIds?: readonly string[]; limit: number },
): Promise<{ id: string; profileId: string; profile: string }[]> {
  if (profileIds?.length === 0) return [];
  return await db
    .selectFrom('token')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .select(['token.id', 'token.profile_id as profileId', 'profile.name as profile'])
    .where('token.state', '=', stateOf.needsReview)
    .$if(profileIds !== undefined, (select) => select.where('token.profile_id', 'in', profileIds ?? []))
    .orderBy('token.captured_at', 'desc')
    .limit(limit)
    .execute();
}

/** The ciphertexts of every token of these profiles. */
export async function tokenCiphertextsOf(
  db: Db,
  profileIds: readonly string[],
): Promise<{ id: string; profileId: string; ciphertext: string }[]> {
  if (profileIds.length === 0) return [];
  return await db
    .selectFrom('token')
    .select(['id', 'profile_id as profileId', 'ciphertext'])
    .where('profile_id', 'in', profileIds)
    .execute();
}

/** Every ciphertext in the store, in batches. */
export function iterateCiphertexts(
  db: Db,
): AsyncIterable<{ id: string; profileId: string; ciphertext: string }> {
  return db.selectFrom('token').select(['id', 'profile_id as profileId', 'ciphertext']).stream(500);
}

/** The ciphertext of a token. Throws `E_INTEGRITY` if another program changed its row. */
export async function tokenCiphertext(db: Db, id: string): Promise<string> {
  const rows = await authentic(db, 'token', async () => [
    await db.selectFrom('token').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  ]);
  return rows[0]?.ciphertext ?? '';
}

/** Encrypted tokens of any state, in the order of their IDs. */
export async function ciphertextsAfter(
  db: Db,
  afterId: string,
  limit: number,
): Promise<{ id: string; profileId: string; ciphertext: string }[]> {
  return await db
    .selectFrom('token')
    .select(['id', 'profile_id as profileId', 'ciphertext'])
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/**
 * Stores the same token encrypted with another key, in the caller's transaction. Throws `E_INTEGRITY` if another program
 * changed its row.
 */
export async function replaceCiphertext(db: Db, id: string, ciphertext: string): Promise<void> {
  await changing(db, 'token', [id]);
  await db.updateTable('token').set({ ciphertext }).where('id', '=', id).execute();
}

export async function countTokens(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('token')
    .select((expression) => expression.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

export async function insertToken(db: Db, token: Token, ciphertext: string): Promise<void> {
  await insertTokens(db, [{ token, ciphertext }]);
}

/**
 * Inserts up to a few hundred tokens. The engines limit the number of values in one statement.
 * `remindAt`: when reminders first check it; if absent, the first run determines it. Epoch milliseconds.
 */
export async function insertTokens(
  db: Db,
  tokens: readonly { token: Token; ciphertext: string; remindAt?: number }[],
): Promise<void> {
  if (tokens.length === 0) return;
  await inTransaction(db, async (trx) => {
    created(
      trx,
      'token',
      tokens.map(({ token }) => token.id),
    );
    await trx
      .insertInto('token')
      .values(tokens.map(({ token, ciphertext }) => toRow(token, ciphertext)))
      .execute();
    const current = tokens.filter(({ token }) => token.state === 'current');
    await scheduleReminders(
      trx,
      current.map(({ token, remindAt }) => ({ id: token.id, at: remindAt })),
    );
    await refreshManyDerivedColumns(
      trx,
      current.map(({ token }) => token.profileId),
    );
  });
}

function toRow(token: Token, ciphertext: string) {
  return {
    id: token.id,
    profile_id: token.profileId,
    state: token.state,
    source: token.source,
    ciphertext,
    captured_at: token.capturedAt,
    ...lifetimeColumns(token.lifetimes),
    scopes: JSON.stringify(token.scopes),
    org_id: token.orgId,
    ...accountColumns(token.account),
    verified_at: token.verifiedAt,
    rejected_at: token.rejectedAt,
    review_reason: token.reviewReason,
    warnings: JSON.stringify(token.warnings),
  };
}

export interface TokenChange {
  state?: TokenState;
  capturedAt?: number;
  lifetimes?: Lifetimes;
  account?: Account;
  verifiedAt?: number | null;
  rejectedAt?: number | null;
  reviewReason?: ReviewReason | null;
  warnings?: string[];
}

export async function updateToken(db: Db, id: string, change: TokenChange): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await inTransaction(db, async (trx) => {
    // Columns without a MAC can change without a new MAC.
    const { state, rejectedAt, reviewReason } = change;
    if (state !== undefined || rejectedAt !== undefined || reviewReason !== undefined) {
      await changing(trx, 'token', [id]);
    }
    const row = await trx
      .updateTable('token')
      .set({
        ...(change.state !== undefined && { state: change.state }),
        ...(change.capturedAt !== undefined && { captured_at: change.capturedAt }),
        ...(change.lifetimes !== undefined && lifetimeColumns(change.lifetimes)),
        ...(change.account !== undefined && accountColumns(change.account)),
        ...(change.verifiedAt !== undefined && { verified_at: change.verifiedAt }),
        ...(change.rejectedAt !== undefined && { rejected_at: change.rejectedAt }),
        ...(change.reviewReason !== undefined && { review_reason: change.reviewReason }),
        ...(change.warnings !== undefined && { warnings: JSON.stringify(change.warnings) }),
      })
      .where('id', '=', id)
      .returning(['profile_id', 'state'])
      .executeTakeFirst();
    if (row === undefined) return;
    if (row.state !== 'current') {
      if (state !== undefined) await unscheduleReminders(trx, [id]);
      // A destination may still hold it.
      if (rejectedAt !== undefined || change.lifetimes !== undefined) {
        await refreshDerivedColumns(trx, row.profile_id);
      }
      return;
    }
    if (state !== undefined || rejectedAt !== undefined || change.lifetimes !== undefined) {
      await scheduleReminders(trx, [{ id }]);
    }
    await refreshDerivedColumns(trx, row.profile_id);
  });
}

/** Makes a token the current one of its profile, and the former one a previous one. */
export async function setCurrent(db: Db, token: Pick<Token, 'id' | 'profileId'>): Promise<void> {
  await inTransaction(db, async (trx) => {
    const before = await trx
      .selectFrom('token')
      .select('id')
      .where('profile_id', '=', token.profileId)
      .where('state', '=', stateOf.current)
      .execute();
    const earlier = before.map(({ id }) => id);
    await changing(trx, 'token', [...earlier, token.id]);
    if (earlier.length > 0) {
      await trx.updateTable('token').set({ state: 'previous' }).where('id', 'in', earlier).execute();
    }
    await trx
      .updateTable('token')
      .set({ state: 'current', review_reason: null, next_check_at: 0 })
      .where('id', '=', token.id)
      .execute();
    await unscheduleReminders(trx, earlier);
    await scheduleReminders(trx, [{ id: token.id }]);
    await refreshDerivedColumns(trx, token.profileId);
  });
}

/** Deletes a token. A destination that holds it keeps its expiry. */
export async function deleteToken(db: Db, id: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await removing(trx, 'token', [id]);
    const row = await trx
      .deleteFrom('token')
      .where('id', '=', id)
      .returning(['profile_id', 'state', 'expires_at', 'rejected_at'])
      .executeTakeFirst();
    if (row === undefined) return;
    const kept = { token_expires_at: row.expires_at, token_rejected_at: row.rejected_at };
    await trx
      .updateTable('destination')
      .set(kept)
      .where('profile_id', '=', row.profile_id)
      .where('token_id', '=', id)
      .execute();
    await refreshDerivedColumns(trx, row.profile_id);
  });
}

function lifetimeColumns(lifetimes: Lifetimes) {
  return {
    expires_confirmed: lifetimes.confirmed,
    expires_reported: lifetimes.reported,
    expires_documented: lifetimes.documented,
    expires_at: expiryOf(lifetimes).expiresAt,
  };
}

function accountColumns(account: Account | null) {
  return {
    account_id: account?.id ?? null,
    account_name: account?.displayName ?? null,
    account_email: account?.email ?? null,
    account_org_id: account?.orgId ?? null,
    account_admin: account?.admin ?? null,
  };
}

function fromRow(row: Pick<Selectable<TokenTable>, (typeof columns)[number]>): Token {
  return {
    id: row.id,
    profileId: row.profile_id,
    state: row.state,
    source: row.source,
    capturedAt: row.captured_at,
    lifetimes: {
      confirmed: row.expires_confirmed,
      reported: row.expires_reported,
      documented: row.expires_documented,
      // Set only if it adds information: Webex accepted the token after its reported expiry.
      ...(row.expires_confirmed === null &&
        row.expires_reported !== null &&
        row.verified_at !== null &&
        row.verified_at >= row.expires_reported && { acceptedAt: row.verified_at }),
    },
    scopes: parseListColumn(row.scopes, 'token.scopes'),
    orgId: row.org_id,
    account: accountOf(row),
    verifiedAt: row.verified_at,
    rejectedAt: row.rejected_at,
    reviewReason: row.review_reason,
    warnings: parseListColumn(row.warnings, 'token.warnings'),
  };
}

function accountOf(row: Pick<Selectable<TokenTable>, (typeof columns)[number]>): Account | null {
  if (row.account_id === null) return null;
  return {
    id: row.account_id,
    displayName: row.account_name ?? '',
    email: row.account_email,
    orgId: row.account_org_id ?? '',
    admin: row.account_admin ?? 'unknown',
  };
}
