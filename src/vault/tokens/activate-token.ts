import type { Token } from '../../domain/token.ts';
import type { Db } from '../../store/db.ts';
import { profileById, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { setCurrent } from '../../store/profiles/tokens.ts';

/**
 * Makes a token its profile's current one, within the caller's transaction. A profile whose organization is not known
 * yet takes the token's: Webex's word, else what the token says of itself. A token that was only stored, or set aside,
 * tells a profile nothing: it may have been somebody else's.
 */
export async function activateToken(trx: Db, token: Token): Promise<void> {
  await setCurrent(trx, token);
  const profile = await profileById(trx, token.profileId);
  const orgId = token.account?.orgId ?? token.orgId;
  if (profile.orgId === null && orgId !== null) await setProfileOrganization(trx, profile.id, orgId);
}
