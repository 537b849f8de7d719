import { dayMs, daysLeft, knownEnd } from '../../domain/lifetimes.ts';
import { commandLine } from '../../errors/remedy.ts';
import { plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';
import type { DecryptedToken } from '../../vault/tokens/read-token.ts';
import { standardError } from './standard-streams.ts';
import { warn } from './terminal.ts';
import { dateInSentence } from './time.ts';

/**
 * Prints a warning on a terminal if Webex rejects the token, or if it expires within the first reminder's days. Programs
 * that read standard error get no warning.
 */
export function warnOfExpiry(vault: Vault, { profile, token, expiry }: DecryptedToken): void {
  if (!standardError().isTTY) return;
  const renew = `Get a new token: ${commandLine(['login', profile.name])}`;
  if (token.rejectedAt !== null) {
    warn(`Webex rejects the token of "${profile.name}". ${renew}`);
    return;
  }
  const now = vault.now();
  const end = knownEnd(expiry.expiresAt);
  const [firstReminder = 0] = vault.settings.reminders.days;
  // A user who requests an expired token already knows that.
  if (end === null || end <= now || end > now + firstReminder * dayMs) return;
  const left = plural(daysLeft(end, now), 'day');
  warn(`The token of "${profile.name}" expires on ${dateInSentence(end)} (${left} left). ${renew}`);
}
