import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { deploymentTitles } from '../../webex/deployments.ts';
import { describeAccessToken, otherDeployment } from '../../webex/sign-in/access-token.ts';
import { explainError } from '../../webex/sign-in/oauth-errors.ts';
import { parsePastedToken } from '../../webex/sign-in/parse-pasted-token.ts';
import type { Actor, Vault } from '../context.ts';
import { wrongDeployment } from '../tokens/wrong-deployment.ts';
import { assertIssuer, deploymentOfIssuer } from './issuer.ts';
import { resolveTarget, type SignInRequest } from './start-sign-in.ts';
import { storeToken } from './store-token.ts';

/**
 * Stores a token that a person pastes: the redirect URL, its fragment, or the bare token. The `state` is not checked, because the
 * person provides the token on purpose. Returns the ID of the token, which is verified later. If no deployment was chosen for a
 * new profile, it gets the one named in the token. Throws `E_OTHER_DEPLOYMENT` if a different one was chosen.
 */
export async function importToken(
  vault: Vault,
  request: SignInRequest,
  text: string,
  actor: Actor,
): Promise<string> {
  // Errors in the request are reported before errors in the text.
  await resolveTarget(vault, request);
  const { form, redirect } = parsePastedToken(text);
  if (redirect.kind === 'error') {
    const { message, help } = explainError(redirect.error, redirect.description);
    throw new BrokerError('E_SIGN_IN_FAILED', message, { help });
  }
  const named =
    deploymentOfIssuer(vault, redirect.issuer) ?? describeAccessToken(redirect.accessToken).deployment;
  const target = await resolveTarget(vault, request, named ?? 'commercial');
  assertIssuer(vault, redirect.issuer, target.deployment);
  // For a new profile, the person has to choose again. An existing profile keeps the token for review.
  const isNew = (await findProfile(vault.db, target.profileName)) === null;
  if (isNew && otherDeployment(redirect.accessToken, target.deployment) !== null) {
    throw wrongDeployment({ name: target.profileName, deployment: target.deployment });
  }
  const warnings = [...redirect.warnings];
  if (isNew && request.deployment === undefined && named === 'government') {
    warnings.push(`The token belongs to ${deploymentTitles[named]}, so the new profile does too.`);
  }
  return await vault.db.transaction().execute(async (trx) => {
    const tokenId = await storeToken(
      vault,
      trx,
      target,
      { ...redirect, warnings },
      'import',
      form !== 'token',
    );
    const profile = target.profileName;
    await appendAudit(trx, vault.now(), { action: 'import', outcome: 'ok', profile, ...actor });
    return tokenId;
  });
}
