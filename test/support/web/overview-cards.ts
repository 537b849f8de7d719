import { dayMs } from '../../../src/domain/lifetimes.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { actor, justCaptured, today } from '../vault/test-vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';
import type { Served } from './web-client.ts';

/** Stores a token of the profile that was captured so many days ago. */
export async function storeDaysAgo({ vault }: Served, profile: string, daysAgo: number): Promise<void> {
  vault.setNow(today - daysAgo * dayMs);
  const tokenId = await importToken(vault, { profile }, justCaptured(usualToken({ filler: 'B' })), actor);
  await verifyToken(vault, tokenId, actor);
  vault.setNow(today);
}

/** The profiles of the cards on the overview, in order. */
export function cardNames(html: string): (string | undefined)[] {
  return [...html.matchAll(/class="stretched" href="\/profiles\/([^"]+)"/g)].map(([, name]) => name);
}
