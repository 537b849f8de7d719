import type { Token } from '../../domain/token.ts';
import type { Db } from '../../store/db.ts';
import { recordActivations } from '../../store/profiles/activations.ts';
import { profileById, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { setCurrent } from '../../store/profiles/tokens.ts';
import type { StoreContext } from '../context.ts';

/**
 * Makes a token its profile's current one, within the caller's transaction. If the profile has no organization, it gets the
 * token's organization: the one that Webex reports, or else the one in the token's own text. A pending token, or one that needs
 * review, never sets it, because it may belong to another organization.
 *
 * After the transaction, call `vault.renewals.announce`, which runs the renewal hook.
 */
export async function activateToken(vault: StoreContext, trx: Db, token: Token): Promise<void> {
  await setCurrent(trx, token);
  const { id: tokenId, profileId } = token;
  const hook = vault.settings.renewalHook !== null;
  await recordActivations(trx, [{ profileId, tokenId, now: vault.now(), hook }]);
  const profile = await profileById(trx, token.profileId);
  const orgId = token.account?.orgId ?? token.orgId;
  if (profile.orgId === null && orgId !== null) await setProfileOrganization(trx, profile.id, orgId);
}
