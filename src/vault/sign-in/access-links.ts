import { insertEntryLink, isAccessLinkPending, useEntryLink } from '../../store/access/access-links.ts';
import type { Vault } from '../context.ts';
import { createLinkSecret, type LinkOptions } from './one-time-links.ts';
import { hashSecret } from './secret-hashes.ts';

/** How long a one-time link into the web app waits to be opened. Milliseconds. */
export const accessLinkLifetimeMs = 10 * 60_000;

/** Makes the secret of a one-time link into the web app: `/access/<secret>`. */
export async function createAccessLink(vault: Vault, options?: LinkOptions): Promise<string> {
  const secret = createLinkSecret(options);
  const now = vault.now();
  await insertEntryLink(vault.db, hashSecret(secret), now, now + accessLinkLifetimeMs);
  return secret;
}

/** Uses a one-time link up. False where it was used before, its time is over, or nobody made it. */
export async function redeemAccessLink(vault: Vault, secret: string): Promise<boolean> {
  return await useEntryLink(vault.db, hashSecret(secret), vault.now());
}

/** Whether a one-time link could be used, without using it. */
export async function isAccessLinkValid(vault: Vault, secret: string): Promise<boolean> {
  return await isAccessLinkPending(vault.db, hashSecret(secret), vault.now());
}
