import type { Logger } from 'pino';
import type { Token } from '../../domain/token.ts';
import { pendingTokens, tokensOf } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../context.ts';
import { verifyToken } from './verify-token.ts';

/** A running verification takes less time than this. Older pending tokens are not being verified. Milliseconds. */
const leftBehindAfterMs = 60_000;

/**
 * Verifies the pending tokens of a profile, oldest first. They are pending because the program stopped before it verified them,
 * or because Webex could not be reached. Returns all tokens of the profile, newest first.
 */
export async function ensureVerified(vault: Vault, profileId: string, actor: Actor): Promise<Token[]> {
  const tokens = await tokensOf(vault.db, profileId);
  const pending = tokens.filter(({ state }) => state === 'pending');
  if (pending.length === 0) return tokens;
  for (const { id } of pending.toReversed()) await verifyToken(vault, id, actor);
  return await tokensOf(vault.db, profileId);
}

/** Verifies the pending tokens of every profile, one after the other, until `signal` stops it. */
export async function verifyPendingTokens(
  vault: Vault,
  log: Pick<Logger, 'warn'>,
  signal?: AbortSignal,
): Promise<void> {
  const warn = (error: unknown) => log.warn({ err: error }, 'a stored token could not be verified');
  const tokens = await pendingTokens(vault.db).catch((error: unknown) => {
    warn(error);
    return [];
  });
  for (const token of tokens) {
    if (signal?.aborted) return;
    // Also correct after the clock was set back.
    if (Math.abs(vault.now() - token.capturedAt) <= leftBehindAfterMs) continue;
    await verifyToken(vault, token.id, {}).catch(warn);
  }
}
