import { type Expiry, expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { tokenCiphertext, tokensOf } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../context.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { verifyToken } from './verify-token.ts';

/** A profile's current token, opened. */
export interface DecryptedToken {
  accessToken: string;
  profile: Profile;
  token: Token;
  expiry: Expiry;
}

/**
 * Opens a profile's current token for somebody. The audit row that says so is durable before the token leaves here.
 * Throws `E_NO_PROFILE`, `E_NO_TOKEN`, `E_INTEGRITY`, or `E_EXPIRED` unless `allowExpired`.
 */
export async function readToken(
  vault: Vault,
  name: string,
  actor: Actor,
  allowExpired = false,
): Promise<DecryptedToken> {
  try {
    return await read(vault, name, actor, allowExpired);
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'E_INTEGRITY') {
      await vault.db
        .transaction()
        .execute((trx) =>
          appendAudit(trx, vault.now(), { action: 'read', outcome: 'unreadable', profile: name, ...actor }),
        );
    }
    throw error;
  }
}

async function read(
  vault: Vault,
  name: string,
  actor: Actor,
  allowExpired: boolean,
): Promise<DecryptedToken> {
  const profile = await requireProfile(vault, name);
  const token = await requireCurrentToken(vault, profile, actor);
  const expiry = expiryOf(token.lifetimes);
  const expired = expiry.expiresAt <= vault.now();
  const audit = (outcome: string) =>
    vault.db
      .transaction()
      .execute((trx) => appendAudit(trx, vault.now(), { action: 'read', outcome, profile: name, ...actor }));
  if (expired && !allowExpired) {
    await audit('expired');
    throw tokenExpired(name, expiry);
  }
  const sealed = await tokenCiphertext(vault.db, token.id);
  const accessToken = await vault.keys.open(sealed, { tokenId: token.id, profileId: profile.id });
  await audit('ok');
  return { accessToken, profile, token, expiry };
}

/** A profile's current token. One that was stored and never checked is checked first. Throws `E_NO_TOKEN`. */
export async function requireCurrentToken(vault: Vault, profile: Profile, actor: Actor): Promise<Token> {
  const current = async () => await tokensOf(vault.db, profile.id);
  let tokens = await current();
  const pending = tokens.find(({ state }) => state === 'pending');
  if (pending !== undefined && !tokens.some(({ state }) => state === 'current')) {
    // Stored, and never checked: the program that was to do it came to an early end.
    await verifyToken(vault, pending.id, actor);
    tokens = await current();
  }
  const token = tokens.find(({ state }) => state === 'current');
  if (token !== undefined) return token;
  const aside = tokens.some(({ state }) => state === 'set-aside');
  throw new BrokerError('E_NO_TOKEN', `The profile "${profile.name}" holds no token.`, {
    help: aside
      ? `One was set aside when it was checked: "webex-token show ${profile.name}" says why.`
      : `Get one with: webex-token login ${profile.name}`,
  });
}

function tokenExpired(name: string, { expiresAt, source }: Expiry): BrokerError {
  const says = {
    confirmed: 'Webex says',
    reported: 'its sign-in reported',
    documented: "Webex's guides say, counting from its capture",
  }[source ?? 'documented'];
  const since = new Date(expiresAt).toISOString();
  return new BrokerError('E_EXPIRED', `The token of "${name}" expired at ${since}, as ${says}.`, {
    help: `Get a new one with: webex-token login ${name}. To use the old one all the same: --allow-expired`,
  });
}
