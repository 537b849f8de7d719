import { BrokerError } from '../../src/errors/broker-error.ts';

/** For `catch`: a writer waits ten seconds for the others, and a busy machine may need longer. */
export function ignoreBusy(error: unknown): void {
  if (!(error instanceof BrokerError && error.code === 'E_STORE_BUSY')) throw error;
}
