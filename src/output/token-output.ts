import { knownEnd } from '../domain/lifetimes.ts';
import { instant } from '../text/instant.ts';
import type { Vault } from '../vault/context.ts';
import type { DecryptedToken } from '../vault/tokens/read-token.ts';
import { tenantUrl } from '../webex/deployments.ts';
import type { TokenOutput } from './formats.ts';

/** A decrypted token with its details, as programs get it. */
export function toTokenOutput(vault: Vault, opened: DecryptedToken): TokenOutput {
  const { accessToken, profile, token, expiry } = opened;
  return {
    accessToken,
    ...timeLeft(expiry.expiresAt, vault.now()),
    scope: token.scopes.join(' '),
    orgId: profile.orgId,
    tenantUrl:
      profile.orgId === null ? null : tenantUrl(vault.settings.webex[profile.deployment], profile.orgId),
    profile: profile.name,
  };
}

/** The expiry of a token in both forms; null while it is unknown. */
export function timeLeft(expiresAt: number, now: number): Pick<TokenOutput, 'expiresIn' | 'expiresAt'> {
  if (knownEnd(expiresAt) === null) return { expiresIn: null, expiresAt: null };
  return { expiresIn: secondsLeft(expiresAt, now), expiresAt: instant(expiresAt) };
}

/** Whole seconds until `expiresAt` (both epoch milliseconds), rounded down; never below 0. */
export function secondsLeft(expiresAt: number, now: number): number {
  return Math.max(0, Math.floor((expiresAt - now) / 1000));
}
