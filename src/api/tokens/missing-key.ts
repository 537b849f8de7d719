import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** The stored rows or ciphertexts themselves are not what this program wrote. */
const integrityCodes: readonly ErrorCode[] = ['E_INTEGRITY', 'E_STORE_ROLLED_BACK', 'E_STORE_EMPTIED'];

/** The refusal where the key of a stored token could not be had; null where something else is wrong. */
export function missingKeyError(error: unknown): OAuthErrorResponse | null {
  if (!(error instanceof BrokerError) || integrityCodes.includes(error.code)) return null;
  const description =
    error.code === 'E_KEY_REMOVED'
      ? 'The key of this server is not authorized to open the store. The log of the server says what to do.'
      : 'The key of the stored token cannot be had at the moment. The log of the server says why.';
  return { code: 'temporarily_unavailable', description, status: 503, retryAfter: 5 };
}
