import { BrokerError } from './broker-error.ts';

/** Whether the store's key is unavailable to this process: it was removed, or is not in the keychain or the key file. */
export function isMissingKey(error: unknown): error is BrokerError {
  return (
    error instanceof BrokerError && (error.code.startsWith('E_KEY') || error.code.startsWith('E_PASSPHRASE'))
  );
}
