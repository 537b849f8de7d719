import { expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import { currentOf, type Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Remedy } from '../../errors/remedy.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { wrongDeployment } from '../../vault/tokens/wrong-deployment.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { otherDeployment } from '../../webex/sign-in/access-token.ts';
import { mask } from '../requests/request-preview.ts';

/** The data that a push sends to a provider. */
export interface PushPayload {
  profile: Profile;
  token: Token;
  /** Masked in a dry run, which never decrypts the token. */
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
  const { token, accessToken } = dryRun
    ? await withoutDecrypting(vault, name)
    : await readToken(vault, name, actor);
  // Read only now, because verifying the token may have set the organization.
  const profile = await requireProfile(vault, name);
  if (otherDeployment(accessToken, profile.deployment) !== null) throw wrongDeployment(profile);
  const orgId = requireOrganization(profile);
  const url = tenantUrl(vault.settings.webex[profile.deployment], orgId);
  return { profile, token, accessToken, orgId, tenantUrl: url };
}

/** The organization ID, which every provider needs. Throws `E_NO_ORGANIZATION`. */
export function requireOrganization({ name, orgId }: Profile): string {
  if (orgId !== null) return orgId;
  throw new BrokerError(
    'E_NO_ORGANIZATION',
    `The organization ID of "${name}" is unknown, but the provider needs it.`,
    {
      help: {
        text: 'Control Hub shows the ID under Account. Set it',
        command: ['login', name, '--org-id', 'ID'],
        link: { label: 'Set the organization ID', path: `/profiles/${name}` },
      },
    },
  );
}

/** The current token, if it does not have to be decrypted. */
async function withoutDecrypting(vault: Vault, name: string) {
  const profile = await requireProfile(vault, name);
  const token = currentOf(await tokensOf(vault.db, profile.id));
  if (token === null) {
    throw new BrokerError('E_NO_TOKEN', `"${name}" has no token.`, { help: signIn(name) });
  }
  if (expiryOf(token.lifetimes).expiresAt <= vault.now()) {
    throw new BrokerError('E_EXPIRED', `The token of "${name}" has expired.`, { help: signIn(name) });
  }
  return { token, accessToken: mask };
}

function signIn(name: string): Remedy {
  const link = { label: 'Sign in to Webex', path: `/profiles/${name}` };
  return { text: 'Get a new token', command: ['login', name], link };
}
