import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { type TokenTestResult, testToken } from '../../vault/tokens/test-token.ts';
import { BackgroundTasks } from './background-tasks.ts';

/** The result of the Test button. */
export interface TokenTestOutcome {
  /** Epoch milliseconds. */
  at: number;
  result: TokenTestResult | null;
  /** Why the test could not run. */
  error: BrokerError | null;
}

/** The token tests that people start, by the profile's name. */
export type TokenTestJobs = BackgroundTasks<TokenTestOutcome>;

export function createTokenTestJobs(log: Logger): TokenTestJobs {
  return new BackgroundTasks((profile, error) =>
    log.error({ profile, ...toSafeError(error) }, 'the test of a token failed'),
  );
}

/** Runs the test of `webex-token test`. An error that the person can resolve is a result too. */
export async function runTokenTest(vault: Vault, profile: string, actor: Actor): Promise<TokenTestOutcome> {
  try {
    const result = await testToken(vault, profile, actor);
    return { at: vault.now(), result, error: null };
  } catch (error) {
    if (error instanceof BrokerError) return { at: vault.now(), result: null, error };
    throw error;
  }
}
