import { sql } from 'kysely';
import type { Db } from '../db.ts';

/** The state of a profile's current token, which can be read without a key. Instants are epoch milliseconds. */
export interface CurrentTokenState {
  profileId: string;
  profile: string;
  /** Null if the profile has no token. */
  tokenId: string | null;
  expiresAt: number | null;
  rejectedAt: number | null;
}

/** One indexed query, for callers that poll every few seconds. Null if there is no such profile. */
export async function currentTokenState(
  db: Db,
  by: { profileId: string } | { name: string },
): Promise<CurrentTokenState | null> {
  const row = await db
    .selectFrom('profile')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', sql.lit('current' as const)),
    )
    .select(['profile.id', 'profile.name', 'token.id as token_id', 'token.expires_at', 'token.rejected_at'])
    .$if('profileId' in by, (select) =>
      select.where('profile.id', '=', 'profileId' in by ? by.profileId : ''),
    )
    .$if('name' in by, (select) => select.where('profile.name', '=', 'name' in by ? by.name : ''))
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    profileId: row.id,
    profile: row.name,
    tokenId: row.token_id,
    expiresAt: row.expires_at,
    rejectedAt: row.rejected_at,
  };
}
