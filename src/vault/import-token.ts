import { BrokerError } from '../errors.ts';
import { appendAudit } from '../store/audit.ts';
import { explainError } from '../webex/explain-error.ts';
import { parseImport } from '../webex/import.ts';
import { resolveTarget, type SignInRequest } from './begin-sign-in.ts';
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
  const target = await resolveTarget(vault, request);
  const { redirect } = parseImport(text);
  if (redirect.kind === 'error') {
    const { message, help } = explainError(redirect.error, redirect.description);
    throw new BrokerError('E_SIGN_IN_FAILED', message, { help });
  }
  return await vault.db.transaction().execute(async (trx) => {
    const tokenId = await storeToken(vault, trx, target, redirect, 'import');
    const profile = target.profileName;
    await appendAudit(trx, vault.now(), { action: 'import', outcome: 'ok', profile, ...actor });
    return tokenId;
  });
}
