import { BrokerError } from '../../src/errors/broker-error.ts';

/** Runs a function that must fail with a `BrokerError`, and returns the error. Rethrows any other error. */
export function brokerErrorOf(run: () => unknown): BrokerError {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** All that a person could see of the error. */
export function shown(error: BrokerError): string {
  return `${error.message}\n${error.help ?? ''}\n${error.stack ?? ''}`;
}
