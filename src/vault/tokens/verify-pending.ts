import type { Logger } from 'pino';
import { pendingTokens } from '../../store/profiles/tokens.ts';
import type { Vault } from '../context.ts';
import { verifyToken } from './verify-token.ts';

/** A check that is under way takes less than this; what waits longer was left behind. Milliseconds. */
const leftBehindAfterMs = 60_000;

/**
 * Verifies the tokens that were stored and not verified: the program came to an early end, or Webex could not be asked.
 * One after the other, until `signal` stops it.
 */
export async function verifyPendingTokens(
  vault: Vault,
  log: Pick<Logger, 'warn'>,
  signal?: AbortSignal,
): Promise<void> {
  const warn = (error: unknown) => log.warn({ err: error }, 'a stored token could not be checked');
  const tokens = await pendingTokens(vault.db).catch((error: unknown) => {
    warn(error);
    return [];
  });
  for (const token of tokens) {
    if (signal?.aborted) return;
    if (vault.now() - token.capturedAt <= leftBehindAfterMs) continue;
    await verifyToken(vault, token.id, {}).catch(warn);
  }
}
