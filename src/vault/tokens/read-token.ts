import { type Expiry, expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import { currentOf, type Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { tokenCiphertext, tokensOf } from '../../store/profiles/tokens.ts';
import { instant } from '../../text/instant.ts';
import type { Actor, Vault } from '../context.ts';
import { clockJump } from '../integrity/clock-check.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { getNewToken, getToken } from './token-remedies.ts';
import { ensureVerified } from './verify-pending.ts';

/** A profile's current token, decrypted. */
export interface DecryptedToken {
  accessToken: string;
  profile: Profile;
  token: Token;
  expiry: Expiry;
}

/**
 * Decrypts a profile's current token. The audit row of the read is durable before the token is returned.
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
    const jump = await clockJump(vault.db, vault.now());
    const isClockAhead = jump !== null && expiry.expiresAt > jump.startOfDay;
    throw tokenExpired(name, expiry, isClockAhead ? `${jump.text} Check the clock first.` : null);
  }
  const ciphertext = await tokenCiphertext(vault.db, token.id);
  const accessToken = await vault.keys.open(ciphertext, { tokenId: token.id, profileId: profile.id });
  await audit('ok');
  return { accessToken, profile, token, expiry };
}

/** A profile's current token. If there is none, verifies the pending ones first. Throws `E_NO_TOKEN`. */
export async function requireCurrentToken(vault: Vault, profile: Profile, actor: Actor): Promise<Token> {
  let tokens = await tokensOf(vault.db, profile.id);
  if (currentOf(tokens) === null) tokens = await ensureVerified(vault, profile.id, actor);
  const token = currentOf(tokens);
  if (token !== null) return token;
  const { name } = profile;
  const needsReview = tokens.some(({ state }) => state === 'needs-review');
  throw new BrokerError('E_NO_TOKEN', `The profile "${name}" has no token in use.`, {
    help: needsReview
      ? {
          text: 'A token of this profile needs your review. To see why',
          command: ['show', name],
          link: { label: 'Review', path: `/profiles/${name}` },
        }
      : getToken(name),
  });
}

/** `clockHint`: why the clock may be the reason instead. */
function tokenExpired(name: string, { expiresAt, source }: Expiry, clockHint: string | null): BrokerError {
  const evidence = {
    confirmed: 'confirmed by Webex',
    reported: 'reported at sign-in',
    documented: "365 days after its capture, as in Webex's documentation",
  }[source ?? 'documented'];
  const since = instant(expiresAt);
  return new BrokerError('E_EXPIRED', `The token of "${name}" expired on ${since} (${evidence}).`, {
    help: [
      ...(clockHint === null ? [] : [clockHint]),
      getNewToken(name),
      { text: 'To use the expired token anyway, add --allow-expired.', only: 'terminal' },
    ],
  });
}
