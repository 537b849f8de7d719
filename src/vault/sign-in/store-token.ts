import { randomUUID } from 'node:crypto';
import { lifetimesAtCapture, unknownLifetimes } from '../../domain/lifetimes.ts';
import type { TokenSource } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../../store/db.ts';
import { findProfile, insertProfile, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { insertToken } from '../../store/profiles/tokens.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { deploymentWarning, describeAccessToken } from '../../webex/sign-in/access-token.ts';
import type { TokenRedirect } from '../../webex/sign-in/redirect.ts';
import type { Vault } from '../context.ts';
import type { SignInTarget } from './start-sign-in.ts';

/**
 * Encrypts a token and stores it as `pending`, within the caller's transaction. Creates its profile if necessary. Its expiry
 * is unknown unless it was `capturedNow`. Returns the token's ID. Throws `E_PROFILE_MISMATCH` if someone created a profile
 * with that name for another deployment during the sign-in.
 */
export async function storeToken(
  vault: Vault,
  trx: Db,
  target: SignInTarget,
  redirect: TokenRedirect,
  source: TokenSource,
  capturedNow = true,
): Promise<string> {
  const id = randomUUID();
  const capturedAt = vault.now();
  const { orgId } = describeAccessToken(redirect.accessToken);
  const hint = deploymentWarning(redirect.accessToken, target.deployment);
  const profileId = await profileFor(trx, target, capturedAt);
  const token = {
    id,
    profileId,
    state: 'pending' as const,
    source,
    capturedAt,
    lifetimes: capturedNow ? lifetimesAtCapture(capturedAt, redirect.expiresIn) : unknownLifetimes,
    scopes: redirect.scope?.split(' ').filter((scope) => scope !== '') ?? target.scopes,
    orgId,
    account: null,
    verifiedAt: null,
    rejectedAt: null,
    reviewReason: null,
    warnings: hint === null ? redirect.warnings : [...redirect.warnings, hint],
  };
  await insertToken(trx, token, await vault.keys.seal(trx, redirect.accessToken, { tokenId: id, profileId }));
  return id;
}

async function profileFor(trx: Db, target: SignInTarget, createdAt: number): Promise<string> {
  const { profileName: name, displayName, deployment, orgId, scopes } = target;
  const existing = await findProfile(trx, name);
  if (existing === null) {
    const id = randomUUID();
    await insertProfile(trx, { id, name, displayName, deployment, orgId, scopes, createdAt });
    return id;
  }
  if (existing.deployment !== deployment) {
    // Otherwise the token would be sent to the other deployment's API.
    throw new BrokerError(
      'E_PROFILE_MISMATCH',
      `The profile "${name}" belongs to ${deploymentTitles[existing.deployment]}, but this token to ${deploymentTitles[deployment]}.`,
      { help: 'Nothing was stored. Start again with another profile name.' },
    );
  }
  if (existing.orgId === null && orgId !== null) await setProfileOrganization(trx, existing.id, orgId);
  return existing.id;
}
