import { sql } from 'kysely';
import { type HeldToken, undeliveredEnd } from '../../domain/delivery.ts';
import { unknownEnd } from '../../domain/lifetimes.ts';
import { foldText } from '../../text/fold-text.ts';
import { parseListColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { scheduleReminders } from '../reminders/schedule.ts';

/*
 * The urgency of a profile, kept in an indexed column, so that the cost of a page of the most urgent profiles does not
 * depend on their number. It is the instant at which the current token expires. Undelivered profiles sort before all
 * others, by their effective end; then come those with a rejected token. A profile without a token sorts last.
 */

/** Longer than the time between any two instants that occur here. Milliseconds. */
export const rejectedSortOffset = 1_000_000_000_000_000;

/** The same, for undelivered profiles: they sort before every rejected token. Milliseconds. */
export const undeliveredSortOffset = 2 * rejectedSortOffset;

/** The `due_at` of undelivered profiles is below this one, and that of all others above. */
export const undeliveredBound = -1.5 * rejectedSortOffset;

/** The last instant that a Date can hold. Epoch milliseconds. */
export const farFuture = 8_640_000_000_000_000;

/** More than the longest name, organization ID, account, contact and tags combined. Characters. */
const longestSearchText = 4_000;

interface CurrentToken {
  expires_at: number;
  rejected_at: number | null;
  account_name: string | null;
  account_email: string | null;
}

interface DerivedColumns {
  due_at: number;
  search_text: string;
  undelivered_until: number | null;
  token_expires_at: number | null;
  title_order: string;
  account_order: string;
  contact_order: string;
  tags_order: string;
  organization_order: string;
  destinations_order: string;
  ends_at: number;
}

/** For a profile without a text in the column: sorts after every text. */
export const sortsLast = '\u{10ffff}';

/** A text to sort by. An index of PostgreSQL has rows of limited size. */
export function orderOf(text: string | null | undefined): string {
  return text ? [...foldText(text)].slice(0, 200).join('') : sortsLast;
}

/** The text that searches match, folded. */
export function searchTextOf(text: string): string {
  return foldText(text).slice(0, longestSearchText);
}

/** The data that the derived columns of a profile depend on. `undeliveredUntil`: see `undeliveredEnd`. */
export interface DerivedFrom {
  name: string;
  displayName?: string | null;
  orgId: string | null;
  contact: string | null;
  tags: readonly string[];
  current?: CurrentToken | null;
  undeliveredUntil?: number | null;
  /** The provider of each of its destinations. */
  providers?: readonly string[];
}

/** The derived columns of a profile. */
export function derivedColumnsOf({
  name,
  displayName = null,
  orgId,
  contact,
  tags,
  current = null,
  undeliveredUntil = null,
  providers = [],
}: DerivedFrom): DerivedColumns {
  const { account_email: email, account_name: accountName } = current ?? {};
  const words = [name, displayName, orgId, email, accountName, contact, ...tags];
  return {
    due_at: undeliveredUntil === null ? dueAt(current) : undeliveredUntil - undeliveredSortOffset,
    search_text: searchTextOf(words.filter(Boolean).join(' ')),
    undelivered_until: undeliveredUntil,
    token_expires_at: current?.expires_at ?? null,
    title_order: orderOf(displayName ?? name),
    account_order: orderOf(email ?? accountName),
    contact_order: orderOf(contact),
    tags_order: orderOf(tags.join(' ')),
    organization_order: orderOf(orgId),
    destinations_order: orderOf(providers.toSorted().join(' ')),
    ends_at: undeliveredUntil ?? current?.expires_at ?? farFuture,
  };
}

function dueAt(current: CurrentToken | null): number {
  if (current === null) return farFuture;
  return current.rejected_at === null ? current.expires_at : current.expires_at - rejectedSortOffset;
}

/** Updates the derived columns. Call it within the transaction that changes the data that they are derived from. */
export async function refreshDerivedColumns(db: Db, profileId: string): Promise<void> {
  await refreshManyDerivedColumns(db, [profileId]);
}

/** The same for some hundreds of profiles, in a few statements. Reminders follow the effective end. */
export async function refreshManyDerivedColumns(db: Db, profileIds: readonly string[]): Promise<void> {
  if (profileIds.length === 0) return;
  const rows = await db
    .selectFrom('profile')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .select([
      'profile.id',
      'profile.name',
      'profile.display_name',
      'profile.org_id',
      'profile.contact',
      'profile.tags',
      'profile.undelivered_until',
      'token.id as token_id',
      'token.expires_at',
      'token.rejected_at',
      'token.account_name',
      'token.account_email',
    ])
    .where('profile.id', 'in', profileIds)
    .execute();
  if (rows.length === 0) return;
  const held = await heldTokensOf(db, profileIds);
  const providers = await providersOf(db, profileIds);
  const moved: { id: string }[] = [];
  const fresh = rows.map((row) => {
    const { id, name, display_name, org_id, contact, tags, undelivered_until, token_id, ...token } = row;
    const { expires_at, rejected_at } = token;
    const current = token_id === null || expires_at === null ? null : { ...token, expires_at };
    const until = undeliveredEnd(
      current && { tokenId: token_id ?? '', expiresAt: current.expires_at, rejectedAt: rejected_at },
      held.get(id) ?? [],
    );
    if (token_id !== null && until !== undelivered_until) moved.push({ id: token_id });
    const derived = derivedColumnsOf({
      name,
      displayName: display_name,
      orgId: org_id,
      contact,
      tags: parseListColumn(tags, 'profile.tags'),
      current,
      undeliveredUntil: until,
      providers: providers.get(id) ?? [],
    });
    return sql`(${id}, ${derived.due_at}, ${derived.search_text}, ${derived.undelivered_until},
      ${derived.token_expires_at}, ${derived.title_order}, ${derived.account_order}, ${derived.contact_order},
      ${derived.tags_order}, ${derived.ends_at}, ${derived.organization_order}, ${derived.destinations_order})`;
  });
  // Both engines name the unnamed columns of `values` column1 and so on.
  await sql`
    update profile set due_at = cast(fresh.column2 as bigint), search_text = fresh.column3,
      undelivered_until = cast(fresh.column4 as bigint), token_expires_at = cast(fresh.column5 as bigint),
      title_order = fresh.column6, account_order = fresh.column7, contact_order = fresh.column8,
      tags_order = fresh.column9, ends_at = cast(fresh.column10 as bigint),
      organization_order = fresh.column11, destinations_order = fresh.column12
    from (values ${sql.join(fresh)}) as fresh where profile.id = fresh.column1`.execute(db);
  await scheduleReminders(db, moved);
}

/** The providers of the destinations of these profiles. */
async function providersOf(db: Db, profileIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('destination')
    .select(['profile_id', 'provider'])
    .where('profile_id', 'in', profileIds)
    .execute();
  const providers = new Map<string, string[]>();
  for (const { profile_id, provider } of rows)
    providers.set(profile_id, [...(providers.get(profile_id) ?? []), provider]);
  return providers;
}

/** The tokens that the destinations of these profiles hold. A destination that uses the relay or token endpoint holds none. */
async function heldTokensOf(db: Db, profileIds: readonly string[]): Promise<Map<string, HeldToken[]>> {
  const rows = await db
    .selectFrom('destination')
    .leftJoin('token', 'token.id', 'destination.token_id')
    .select([
      'destination.profile_id',
      'destination.token_id',
      'destination.token_expires_at',
      'destination.token_rejected_at',
      'token.expires_at',
      'token.rejected_at',
    ])
    .where('destination.profile_id', 'in', profileIds)
    .where('destination.token_id', 'is not', null)
    .where('destination.via', 'is', null)
    .execute();
  const tokens = rows.map((row) => ({
    profileId: row.profile_id,
    tokenId: row.token_id ?? '',
    // A token that was deleted here is still in the destination.
    expiresAt: row.expires_at ?? row.token_expires_at ?? unknownEnd,
    rejectedAt: row.expires_at === null ? row.token_rejected_at : row.rejected_at,
  }));
  return Map.groupBy(tokens, ({ profileId }) => profileId);
}
