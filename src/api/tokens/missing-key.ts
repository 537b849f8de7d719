import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';

/** Errors for rows or ciphertexts that this program did not write. */
const integrityCodes: readonly ErrorCode[] = ['E_INTEGRITY', 'E_STORE_ROLLED_BACK', 'E_STORE_EMPTIED'];

/** The response if the key of a stored token is unavailable; null for any other error. */
export function missingKeyError(error: unknown): OAuthErrorResponse | null {
  if (!(error instanceof BrokerError) || integrityCodes.includes(error.code)) return null;
  const description =
    error.code === 'E_KEY_REMOVED'
      ? 'The key of this server is not authorized to decrypt the store. See the server log.'
      : 'The key of the stored token is temporarily unavailable. See the server log.';
  return { code: 'temporarily_unavailable', description, status: 503, retryAfter: 5 };
}
