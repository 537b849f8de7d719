import type { Refusal } from '../../api/refusal.ts';
import { commandLine } from '../../errors/remedy.ts';
import type { GrantedProfile } from '../../store/token-requests/token-request-store.ts';
import { instant } from '../../text/instant.ts';

/** When a client may try again if there is no usable token: a person has to sign in first. Seconds. */
const retryAfter = 300;

/**
 * Why a profile's token cannot be used, and what has to be done; null if it can be used. The status is not 401, because a
 * provisioning tool would consider its own secret wrong, and Entra ID would quarantine its job. `now` in epoch milliseconds.
 */
export function tokenRefusal({ profile, token }: GrantedProfile, now: number): Refusal | null {
  const renew = `A full administrator has to sign in to Webex: ${commandLine(['login', profile])}`;
  const refused = (code: string, why: string) => ({
    code,
    description: `${why} ${renew}`,
    status: 503,
    retryAfter,
  });
  if (token === null) return refused('no-token', `The profile ${profile} has no Webex token.`);
  const { rejectedAt, expiresAt } = token;
  if (rejectedAt !== null) {
    return refused(
      'token-rejected',
      `Webex has rejected the token of ${profile} since ${instant(rejectedAt)}.`,
    );
  }
  if (expiresAt <= now) {
    return refused('token-expired', `The Webex token of ${profile} expired at ${instant(expiresAt)}.`);
  }
  return null;
}
