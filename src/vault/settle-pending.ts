import type { Logger } from 'pino';
import { pendingTokens } from '../store/tokens.ts';
import { settleToken } from './settle.ts';
import type { Vault } from './vault.ts';

/** A check that is under way takes less than this; what waits longer was left behind. Milliseconds. */
const leftBehindAfterMs = 60_000;

/** Checks the tokens that were stored and then never checked, because the program came to an early end. */
export async function settlePending(vault: Vault, log: Pick<Logger, 'warn'>): Promise<void> {
  try {
    for (const token of await pendingTokens(vault.db)) {
      if (vault.now() - token.capturedAt > leftBehindAfterMs) await settleToken(vault, token.id, {});
    }
  } catch (error) {
    log.warn({ err: error }, 'a stored token could not be checked');
  }
}
