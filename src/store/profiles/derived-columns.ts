import { sql } from 'kysely';
import type { Db } from '../db.ts';

/*
 * The urgency of a profile, kept in an indexed column, so that the cost of a page of the most urgent profiles does not
 * depend on their number. It is the instant at which the current token expires. A rejected token sorts before all others,
 * and a profile without a token after all others.
 */

/** Longer than the time between any two instants that occur here. Milliseconds. */
export const rejectedSortOffset = 1_000_000_000_000_000;

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

/** The two derived columns of a profile. `filedUnder`: its contact and tags. */
export function derivedColumnsOf(
  name: string,
  orgId: string | null,
  current: CurrentToken | null,
  filedUnder: readonly (string | null)[] = [],
): { due_at: number; search_text: string } {
  const words = [name, orgId, current?.account_email, current?.account_name, ...filedUnder];
  return {
    due_at: attentionAt(current),
    search_text: words.filter(Boolean).join(' ').toLowerCase().slice(0, longestSearchText),
  };
}

function attentionAt(current: CurrentToken | null): number {
  if (current === null) return farFuture;
  return current.rejected_at === null ? current.expires_at : current.expires_at - rejectedSortOffset;
}

/** Updates both columns; call it within the transaction that changes what they are derived from. */
export async function refreshDerivedColumns(db: Db, profileId: string): Promise<void> {
  await refreshManyDerivedColumns(db, [profileId]);
}

/** The same for some hundreds of profiles, in two statements. */
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
      'profile.org_id',
      'profile.contact',
      'profile.tags',
      'token.expires_at',
      'token.rejected_at',
      'token.account_name',
      'token.account_email',
    ])
    .where('profile.id', 'in', profileIds)
    .execute();
  if (rows.length === 0) return;
  const fresh = rows.map(({ id, name, org_id, contact, tags, expires_at, ...rest }) => {
    const current = expires_at === null ? null : { expires_at, ...rest };
    const standing = derivedColumnsOf(name, org_id, current, [contact, ...(JSON.parse(tags) as string[])]);
    return sql`(${id}, ${standing.due_at}, ${standing.search_text})`;
  });
  // Both engines name the unnamed columns of `values` column1 and so on.
  await sql`
    update profile set due_at = cast(fresh.column2 as bigint), search_text = fresh.column3
    from (values ${sql.join(fresh)}) as fresh where profile.id = fresh.column1`.execute(db);
}
