import { BrokerError } from './broker-error.ts';

/** Whether the store's key is unavailable to this process: it was removed, or the keychain or key file does not provide it. */
export function isMissingKey(error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError && (error.code.startsWith('E_KEY') || error.code.startsWith('E_PASSPHRASE'))
  );
}
