import { newSecret } from './secret-hashes.ts';

/** Marks the secret of a link that only this user's own programs may open. It is a part of what is hashed. */
const ownUserMark = '.own';

export interface LinkOptions {
  /**
   * For a link that a browser is started with: every user of this machine can read it among the programs' arguments, and
   * could be faster.
   */
  ownUserOnly?: boolean;
}

/** A new secret for a one-time link. */
export function createLinkSecret({ ownUserOnly = false }: LinkOptions = {}): string {
  return newSecret() + (ownUserOnly ? ownUserMark : '');
}

/** Whether the link with this secret is for this user's own programs. */
export function isSameUserOnly(secret: string): boolean {
  return secret.endsWith(ownUserMark);
}
