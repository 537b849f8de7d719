import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BrokerError } from '../errors.ts';
import { networkReason } from '../webex/network-reason.ts';
import { displayable } from '../webex/text.ts';
import type { Patience } from './patience.ts';

/** Why a sign-in failed, from what openid-client threw. */
export interface OAuthFailure {
  /** The error code of RFC 6749 §5.2 or RFC 8628 §3.5; null where no such answer came. */
  code: string | null;
  /** One sentence or two, without secrets. */
  message: string;
  /** It may pass by itself: too many requests, a fault of the service, a broken connection. */
  passing: boolean;
}

/** Sorts out what openid-client threw. `secrets` are blotted out of what the service itself says. */
export function oauthFailure(error: unknown, host: string, secrets: readonly string[]): OAuthFailure {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const code = displayable(error.error, 60, secrets);
    const said = displayable(error.error_description ?? '', 300, secrets);
    const quoted = said === '' ? '' : ` It says: “${said}”`;
    const passing = code === 'temporarily_unavailable' || code === 'server_error';
    return { code, message: `${host} refused the sign-in (${code}).${quoted}`, passing };
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return { code: null, message: `${host} refused the sign-in (${error.status}).`, passing: false };
  }
  const status = error instanceof ClientError && error.cause instanceof Response ? error.cause.status : null;
  if (status !== null) {
    const message = `${host} answered the sign-in with the status ${status}, which was not expected.`;
    return { code: null, message, passing: status === 429 || status >= 500 };
  }
  const reason = networkReason(error);
  const messages = {
    timeout: `${host} did not answer in time.`,
    tls: `The secure connection to ${host} failed: its certificate is not one that this machine trusts.`,
    dns: `The name ${host} could not be found.`,
    refused: `Nothing answers at ${host}, or a firewall is in the way.`,
    network: `The connection to ${host} broke, or what it answered could not be understood.`,
  };
  return { code: null, message: messages[reason], passing: reason === 'timeout' || reason === 'network' };
}

/** Seconds between the attempts to sign in. */
const waits = [1, 2, 4];

/** Signs in, and tries again what may pass. What does not is thrown as `toError` makes it. */
export async function signInPatiently<T>(
  signIn: () => Promise<T>,
  host: string,
  secrets: readonly string[],
  patience: Patience,
  toError: (failure: OAuthFailure) => BrokerError,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await signIn();
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      const failure = oauthFailure(error, host, secrets);
      const seconds = failure.passing ? waits[attempt] : undefined;
      if (seconds === undefined) throw toError(failure);
      patience.onWait(seconds, failure.message.replace(/\.$/, ''));
      await patience.sleep(seconds * 1000);
    }
  }
}
