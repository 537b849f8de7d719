import { expiryOf } from '../domain/lifetimes.ts';
import type { Profile } from '../domain/profile.ts';
import type { Token } from '../domain/token.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { tokensOf } from '../store/profiles/tokens.ts';
import type { Actor, Vault } from '../vault/context.ts';
import { requireProfile } from '../vault/profiles/profiles.ts';
import { readToken } from '../vault/tokens/read-token.ts';
import { wrongDeployment } from '../vault/tokens/wrong-deployment.ts';
import { tenantUrl } from '../webex/deployments.ts';
import { otherDeployment } from '../webex/sign-in/access-token.ts';
import { mask } from './request-preview.ts';

/** What a provisioning tool is to get. */
export interface PushPayload {
  profile: Profile;
  token: Token;
  /** Masked in a dry run, which never opens the token. */
  accessToken: string;
  orgId: string;
  tenantUrl: string;
}

/** Throws `E_NO_PROFILE`, `E_NO_TOKEN`, `E_EXPIRED`, `E_OTHER_DEPLOYMENT`, or `E_NO_ORGANIZATION`. */
export async function preparePush(
  vault: Vault,
  name: string,
  actor: Actor,
  dryRun: boolean,
): Promise<PushPayload> {
  const { token, accessToken } = dryRun ? await unopened(vault, name) : await readToken(vault, name, actor);
  // Only now: opening a token that was never checked may have told the organization.
  const profile = await requireProfile(vault, name);
  if (otherDeployment(accessToken, profile.deployment) !== null) throw wrongDeployment(profile);
  const { orgId } = profile;
  if (orgId === null) {
    throw new BrokerError(
      'E_NO_ORGANIZATION',
      `The organization of "${name}" is not known, and the tool needs it.`,
      {
        help: `Control Hub shows it under Account. Give it with: webex-token login ${name} --org-id ID`,
      },
    );
  }
  const url = tenantUrl(vault.settings.webex[profile.deployment], orgId);
  return { profile, token, accessToken, orgId, tenantUrl: url };
}

async function unopened(vault: Vault, name: string) {
  const profile = await requireProfile(vault, name);
  const token = (await tokensOf(vault.db, profile.id)).find(({ state }) => state === 'current');
  if (token === undefined) {
    throw new BrokerError('E_NO_TOKEN', `The profile "${name}" holds no token.`, {
      help: `Get one with: webex-token login ${name}`,
    });
  }
  if (expiryOf(token.lifetimes).expiresAt <= vault.now()) {
    throw new BrokerError('E_EXPIRED', `The token of "${name}" has expired.`, {
      help: `Get a new one with: webex-token login ${name}`,
    });
  }
  return { token, accessToken: mask };
}
