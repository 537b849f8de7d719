import { insertAccessLink, isAccessLinkPending, useAccessLink } from '../../store/access/access-links.ts';
import type { Vault } from '../context.ts';
import { createLinkSecret, type LinkOptions } from './one-time-links.ts';
import { hashSecret } from './secret-hashes.ts';

/** How long an access link is valid. Milliseconds. */
export const accessLinkLifetimeMs = 10 * 60_000;

/** Creates the secret of a one-time link to the web app: `/access/<secret>`. */
export async function createAccessLink(vault: Vault, options?: LinkOptions): Promise<string> {
  const secret = createLinkSecret(options);
  const now = vault.now();
  await insertAccessLink(vault.db, hashSecret(secret), now, now + accessLinkLifetimeMs);
  return secret;
}

/** Redeems an access link. False if it was used before, has expired or does not exist. */
export async function redeemAccessLink(vault: Vault, secret: string): Promise<boolean> {
  return await useAccessLink(vault.db, hashSecret(secret), vault.now());
}

/** Whether an access link can be redeemed; does not redeem it. */
export async function isAccessLinkValid(vault: Vault, secret: string): Promise<boolean> {
  return await isAccessLinkPending(vault.db, hashSecret(secret), vault.now());
}
