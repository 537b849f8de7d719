import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BrokerError } from '../../errors/broker-error.ts';
import { explainNetworkError } from '../../http/explain-network-error.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { PushContext } from '../push/push-context.ts';
import { canceled } from '../push/steps.ts';

/** Why a sign-in failed, derived from an error of openid-client. */
export interface OAuthFailure {
  /** The error code of RFC 6749 §5.2 or RFC 8628 §3.5; null without such a response. */
  code: string | null;
  /** One sentence or two, without secrets. */
  message: string;
  /** What to do if there was no response, because the sign-in settings are not the cause then. */
  help?: string;
  /** Whether it may succeed later: too many requests, an error of the service, or a broken connection. */
  transient: boolean;
}

/** Classifies an error of openid-client. `secrets` are redacted from the service's message. */
export function oauthFailure(error: unknown, host: string, secrets: readonly string[]): OAuthFailure {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const code = sanitizeForDisplay(error.error, 60, secrets);
    const description = sanitizeForDisplay(error.error_description ?? '', 300, secrets);
    const quoted = description === '' ? '' : ` It says: “${description}”`;
    const transient = code === 'temporarily_unavailable' || code === 'server_error';
    return { code, message: `${host} rejected the sign-in (${code}).${quoted}`, transient };
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return { code: null, message: `${host} rejected the sign-in (${error.status}).`, transient: false };
  }
  const status = error instanceof ClientError ? statusOf(error.cause) : null;
  if (status !== null) {
    const message = `${host} responded to the sign-in with the unexpected status ${status}.`;
    return { code: null, message, transient: status === 429 || status >= 500 };
  }
  const { reason, message, help } = explainNetworkError(error, host);
  if (error instanceof ClientError && error.code === 'OAUTH_PARSE_ERROR') {
    return { code: null, message: `The response from ${host} could not be parsed.`, transient: true };
  }
  return { code: null, message, help, transient: reason === 'timeout' || reason === 'network' };
}

/** The status of a response from any implementation of `fetch`. */
function statusOf(response: unknown): number | null {
  const status: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'status') : null;
  return typeof status === 'number' ? status : null;
}

/** Seconds between the attempts to sign in. */
const retryDelays = [1, 2, 4];

/**
 * Signs in, with retries after transient failures. For any other failure, throws the error that `toError` returns.
 * Throws `E_CANCELED` as soon as the context's signal is aborted.
 */
export async function signInWithRetry<T>(
  signIn: () => Promise<T>,
  host: string,
  secrets: readonly string[],
  { sleep, onEvent, signal }: Pick<PushContext, 'sleep' | 'onEvent' | 'signal'>,
  toError: (failure: OAuthFailure) => BrokerError,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    if (signal?.aborted) throw canceled();
    try {
      return await signIn();
    } catch (error) {
      if (signal?.aborted) throw canceled();
      if (error instanceof BrokerError) throw error;
      const failure = oauthFailure(error, host, secrets);
      const seconds = failure.transient ? retryDelays[attempt] : undefined;
      if (seconds === undefined) throw toError(failure);
      onEvent({ type: 'wait', seconds, reason: failure.message.replace(/\.$/, '') });
      await sleep(seconds * 1000);
    }
  }
}
