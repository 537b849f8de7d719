import { BrokerError } from '../errors.ts';
import { appendAudit } from '../store/audit.ts';
import { clusterWarning, describeAccessToken } from '../webex/access-token.ts';
import type { Deployment } from '../webex/deployments.ts';
import { explainError } from '../webex/explain-error.ts';
import { parseImport } from '../webex/import.ts';
import type { TokenRedirect } from '../webex/redirect.ts';
import { resolveTarget, type SignInRequest } from './begin-sign-in.ts';
import { deploymentOfIssuer, refuseOtherBroker } from './issuer.ts';
import { storeToken } from './store-token.ts';
import type { Actor, Vault } from './vault.ts';

/**
 * Stores a token that a person hands over as text: the redirect URL, its fragment, or the bare token.
 * Its state is not looked at, for the person vouches for it. Returns the ID of the token, which is still unchecked.
 */
export async function importToken(
  vault: Vault,
  request: SignInRequest,
  text: string,
  actor: Actor,
): Promise<string> {
  // What is wrong with the request is said before what is wrong with the text.
  await resolveTarget(vault, request);
  const { redirect } = parseImport(text);
  if (redirect.kind === 'error') {
    const { message, help } = explainError(redirect.error, redirect.description);
    throw new BrokerError('E_SIGN_IN_FAILED', message, { help });
  }
  const target = await resolveTarget(vault, request, likelyDeployment(vault, redirect));
  refuseOtherBroker(vault, redirect.issuer, target.deployment);
  return await vault.db.transaction().execute(async (trx) => {
    const tokenId = await storeToken(vault, trx, target, redirect, 'import');
    const profile = target.profileName;
    await appendAudit(trx, vault.now(), { action: 'import', outcome: 'ok', profile, ...actor });
    return tokenId;
  });
}

/** Where a new profile belongs that nobody chose a deployment for: a token is not to be shown to the other one's API. */
function likelyDeployment(vault: Vault, { issuer, accessToken }: TokenRedirect): Deployment {
  const named = deploymentOfIssuer(vault, issuer);
  if (named !== null) return named;
  const { cluster } = describeAccessToken(accessToken);
  return clusterWarning(cluster, 'commercial') === null ? 'commercial' : 'government';
}
