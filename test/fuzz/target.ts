import assert from 'node:assert/strict';
import type fc from 'fast-check';
import { BrokerError } from '../../src/errors/broker-error.ts';

/** Code that processes untrusted input. Created once, then called many times. */
export interface Target<T> {
  inputs: fc.Arbitrary<T>;
  /** Throws if an invariant does not hold. */
  check(input: T): void | Promise<void>;
  close?(): Promise<void>;
}

/** The longest processor time that an input may take: it does not depend on the load of the machine. Milliseconds. */
export const longestMs = 5_000;

/** Runs a function that may refuse its input, but only with an error that a person can act on and that does not repeat the secret. */
export async function refusesWell<T>(run: () => T | Promise<T>, secret: string): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    assert.match(error.code, /^E_[A-Z_]+$/);
    const said = `${error.message} ${error.help ?? ''}`;
    assertSilent(said, secret);
    return null;
  }
}

/** The text has neither the secret, nor terminal control characters, nor half a character. */
export function assertSilent(said: string, secret: string): void {
  if (secret.length >= 8) assert.ok(!said.includes(secret), 'the secret is repeated');
  assert.ok(
    !/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u.test(said),
    'the message would control a terminal',
  );
  assert.ok(said.isWellFormed(), 'the message contains half a character');
}
