import type { Profile } from '../../domain/profile.ts';
import type { Db } from '../db.ts';
import { orderOf } from './derived-columns.ts';
import { profileColumns, profileFromRow } from './profiles.ts';

/** How many profiles to name at most. */
const maxNamed = 5;

/**
 * Other profiles of the same Webex organization, by name. Two are rarely intended: more often the wrong account signed in,
 * which nothing else reveals for a new profile.
 */
export async function othersOfOrganization(
  db: Db,
  { id, orgId }: Pick<Profile, 'id' | 'orgId'>,
): Promise<Profile[]> {
  if (orgId === null) return [];
  const rows = await db
    .selectFrom('profile')
    .select(profileColumns)
    // This column has an index.
    .where('organization_order', '=', orderOf(orgId))
    .where('id', '<>', id)
    .orderBy('name')
    .limit(maxNamed)
    .execute();
  return rows.map(profileFromRow);
}
