import { BrokerError } from '../../errors/broker-error.ts';
import type { Remedy } from '../../errors/remedy.ts';
import { newSecret } from './secret-hashes.ts';

/** The suffix of a link's secret that only programs of the same OS user may open. It is part of the hashed secret. */
const sameUserSuffix = '.own';

export interface LinkOptions {
  /**
   * Set for a link that is passed to a browser as an argument. Every user of this host can read program arguments, and could
   * open the link first.
   */
  sameUserOnly?: boolean;
}

/** Creates the secret of a one-time link. */
export function createLinkSecret({ sameUserOnly = false }: LinkOptions = {}): string {
  return newSecret() + (sameUserOnly ? sameUserSuffix : '');
}

/** Whether only programs of the same OS user may open the link with this secret. */
export function isSameUserOnly(secret: string): boolean {
  return secret.endsWith(sameUserSuffix);
}

/** The error for a link that was already opened or has expired. `remedy` says how to get a new one. */
export function linkUsed(remedy: Remedy): BrokerError {
  return new BrokerError('E_LINK_USED', 'This link was already used, or is older than ten minutes.', {
    help: remedy,
  });
}
