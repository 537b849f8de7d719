import { expect } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';

/** The error that a function throws or rejects with. It must be one that a person can act on. */
export async function brokerErrorOf(action: () => unknown): Promise<BrokerError> {
  const error = await thrownBy(action);
  expect(error).toBeInstanceOf(BrokerError);
  return error as BrokerError;
}

export async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
