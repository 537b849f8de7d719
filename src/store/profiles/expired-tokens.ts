import { documentedLifetimeMs, unknownEnd } from '../../domain/lifetimes.ts';
import type { TokenState } from '../../domain/token.ts';
import type { Db } from '../db.ts';

const unused: TokenState[] = ['previous', 'needs-review', 'pending'];

/**
 * Tokens that are not in use and expired before an instant, by the latest date known; where no date is known, by the documented
 * lifetime from when they were captured. A token that a destination still holds is kept: its expiry is still reported there.
 */
export async function expiredUnusedTokens(
  db: Db,
  before: number,
  limit: number,
): Promise<{ id: string; profile: string }[]> {
  return await db
    .selectFrom('token')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .select(['token.id', 'profile.name as profile'])
    .where('token.state', 'in', unused)
    .where((token) => {
      const over = (
        column: 'token.expires_confirmed' | 'token.expires_reported' | 'token.expires_documented',
      ) => token.or([token(column, 'is', null), token(column, '<=', before)]);
      const allOver = token.and([
        token('token.expires_at', '<=', before),
        over('token.expires_confirmed'),
        over('token.expires_reported'),
        over('token.expires_documented'),
      ]);
      const unnamed = token.and([
        token('token.expires_at', '=', unknownEnd),
        token('token.captured_at', '<=', before - documentedLifetimeMs),
      ]);
      return token.or([allOver, unnamed]);
    })
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('destination')
            .select('destination.id')
            .whereRef('destination.token_id', '=', 'token.id'),
        ),
      ),
    )
    .orderBy('token.id')
    .limit(limit)
    .execute();
}
