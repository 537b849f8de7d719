import { BrokerError } from '../../errors/broker-error.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** The refusal where the key of a stored token could not be had; null where something else is wrong. */
export function missingKeyRefusal(error: unknown): OAuthErrorResponse | null {
  if (!(error instanceof BrokerError) || error.code === 'E_INTEGRITY') return null;
  const description =
    error.code === 'E_KEY_REMOVED'
      ? 'The key of this server is not authorized to open the store. The log of the server says what to do.'
      : 'The key of the stored token cannot be had at the moment. The log of the server says why.';
  return { code: 'temporarily_unavailable', description, status: 503, retryAfter: 5 };
}
