import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BrokerError } from '../errors/broker-error.ts';
import { explainNetworkError } from '../http/explain-network-error.ts';
import type { RetryHooks } from '../http/retry.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';

/** Why a sign-in failed, from what openid-client threw. */
export interface OAuthFailure {
  /** The error code of RFC 6749 §5.2 or RFC 8628 §3.5; null where no such answer came. */
  code: string | null;
  /** One sentence or two, without secrets. */
  message: string;
  /** What to do where no answer came at all; then it is no matter of the settings for the sign-in. */
  help?: string;
  /** It may pass by itself: too many requests, a fault of the service, a broken connection. */
  passing: boolean;
}

/** Sorts out what openid-client threw. `secrets` are blotted out of what the service itself says. */
export function oauthFailure(error: unknown, host: string, secrets: readonly string[]): OAuthFailure {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const code = sanitizeForDisplay(error.error, 60, secrets);
    const said = sanitizeForDisplay(error.error_description ?? '', 300, secrets);
    const quoted = said === '' ? '' : ` It says: “${said}”`;
    const passing = code === 'temporarily_unavailable' || code === 'server_error';
    return { code, message: `${host} refused the sign-in (${code}).${quoted}`, passing };
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return { code: null, message: `${host} refused the sign-in (${error.status}).`, passing: false };
  }
  const status = error instanceof ClientError ? statusOf(error.cause) : null;
  if (status !== null) {
    const message = `${host} answered the sign-in with the status ${status}, which was not expected.`;
    return { code: null, message, passing: status === 429 || status >= 500 };
  }
  const { reason, message, help } = explainNetworkError(error, host);
  if (error instanceof ClientError && error.code === 'OAUTH_PARSE_ERROR') {
    return { code: null, message: `What ${host} answered could not be understood.`, passing: true };
  }
  return { code: null, message, help, passing: reason === 'timeout' || reason === 'network' };
}

/** Of an answer, whichever `fetch` it comes from. */
function statusOf(answer: unknown): number | null {
  const status: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'status') : null;
  return typeof status === 'number' ? status : null;
}

/** Seconds between the attempts to sign in. */
const waits = [1, 2, 4];

/** Signs in, and tries again what may pass. What does not is thrown as `toError` makes it. */
export async function signInWithRetry<T>(
  signIn: () => Promise<T>,
  host: string,
  secrets: readonly string[],
  patience: RetryHooks,
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
