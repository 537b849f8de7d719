import { BrokerError } from '../errors/broker-error.ts';
import type { Deployment } from '../webex/deployments.ts';

/** A named slot for one Webex organization's token. */
export interface Profile {
  id: string;
  name: string;
  deployment: Deployment;
  /** The organization's UUID; null until a token or a person has told it. */
  orgId: string | null;
  /** The scopes that a sign-in for this profile asks for. */
  scopes: string[];
  /** Epoch milliseconds. */
  createdAt: number;
  /** The mail address that reminders about it go to; null: where all others go. */
  contact: string | null;
  /** What it is filed under, sorted. */
  tags: string[];
}

/** A profile as it is made: nobody has filed it under anything yet, unless it is said. */
export type NewProfile = Omit<Profile, 'contact' | 'tags'> & Partial<Pick<Profile, 'contact' | 'tags'>>;

const longestName = 63;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Whether a text can be a profile's name. Such a name means nothing to a shell. */
export function isProfileName(text: string): boolean {
  return namePattern.test(text);
}

/** Checks a profile's name as a person typed it. Throws `E_PROFILE_NAME`, with a name that would do. */
export function parseProfileName(text: string): string {
  const name = text.trim();
  if (namePattern.test(name)) return name;
  const suggestion = name.length > longestName ? '' : suggestProfileName(name);
  throw new BrokerError('E_PROFILE_NAME', `${quoteProfileName(name)} cannot be a profile's name.`, {
    help:
      'Use up to 63 lower-case letters, digits, dots, dashes and underscores, a letter or digit first' +
      (suggestion === '' ? '.' : `, for example "${suggestion}".`),
  });
}

/** The nearest allowed profile name to what an organization is called; empty when nothing of it is left. */
export function suggestProfileName(title: string): string {
  return title
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, longestName)
    .replace(/-+$/, '');
}

/**
 * What a person gave as a profile's name, for an error's message. A text too long for one may be a token that was put in
 * the wrong place: it is not repeated.
 */
export function quoteProfileName(text: string): string {
  if (text.length > longestName) return `A text of ${text.length} characters`;
  return `"${text.replace(/[^\x20-\x7e]/g, '?')}"`;
}
