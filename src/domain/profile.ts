import { BrokerError } from '../errors/broker-error.ts';
import { foldText } from '../text/fold-text.ts';
import type { Deployment } from '../webex/deployments.ts';

/** A named slot for one Webex organization's token. */
export interface Profile {
  id: string;
  name: string;
  /** The name that pages and mails show; null: `name`. */
  displayName: string | null;
  deployment: Deployment;
  /** The organization's UUID; null until a token or a person names it. */
  orgId: string | null;
  /** The scopes that a sign-in for this profile asks for. */
  scopes: string[];
  /** Epoch milliseconds. */
  createdAt: number;
  /** The mail address for its reminders; null: the default recipients. */
  contact: string | null;
  /** Sorted. */
  tags: string[];
  /**
   * The effective end if the token was renewed and a destination still holds an earlier one; see `undeliveredEnd`. Null if
   * every destination has the current token. Epoch milliseconds.
   */
  undeliveredUntil: number | null;
}

/** A profile at its creation; contact, tags and the display name are optional. */
export type NewProfile = Omit<Profile, 'contact' | 'tags' | 'undeliveredUntil' | 'displayName'> &
  Partial<Pick<Profile, 'contact' | 'tags' | 'displayName'>>;

const maxNameLength = 63;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The name of an organization that people see. */
export function profileTitle({ name, displayName }: Pick<Profile, 'name' | 'displayName'>): string {
  return displayName ?? name;
}

/** The name of an organization that people see, with the name that commands use: `Acme Corporation (acme)`. */
export function profileLabel(profile: Pick<Profile, 'name' | 'displayName'>): string {
  return profile.displayName === null ? profile.name : `${profile.displayName} (${profile.name})`;
}

const maxDisplayNameLength = 100;

/**
 * Checks a display name as a person typed it; null if it is empty. A word longer than any profile name may be a token in the
 * wrong place, and is refused. Throws `E_PROFILE_NAME`.
 */
export function parseDisplayName(text: string): string | null {
  const name = text.trim().replace(/\s+/g, ' ');
  if (name === '') return null;
  // Persian and Indic words, and emoji, are joined by invisible characters that are part of them.
  const [invisible] =
    /[\p{Cc}\p{Cf}]/u.exec(name.replace(/(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])/g, '')) ?? [];
  if (invisible !== undefined) {
    const code = invisible.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    throw new BrokerError('E_PROFILE_NAME', `The name contains an invisible character (U+${code}).`, {
      help: 'It may have come with a copied text. Type the name instead.',
    });
  }
  if (name.length <= maxDisplayNameLength && name.split(' ').every((word) => word.length <= maxNameLength)) {
    return name;
  }
  throw new BrokerError('E_PROFILE_NAME', 'This is not a valid display name.', {
    help: `Use up to ${maxDisplayNameLength} characters, and at most ${maxNameLength} in one word.`,
  });
}

/** Both names of an organization. */
export interface OrganizationName {
  /** The technical name, which commands use. */
  name: string;
  /** Null if it is the technical name. */
  displayName: string | null;
}

/**
 * Both names of an organization from the one that a person typed. A technical name is used as it is. Any other text is the
 * display name, and the technical name is derived from it. The web app, the command line and CSV files share this rule.
 * Throws `E_PROFILE_NAME`.
 */
export function parseOrganizationName(text: string): OrganizationName {
  if (isProfileName(text.trim())) return { name: text.trim(), displayName: null };
  const displayName = parseDisplayName(text);
  const name = suggestProfileName(displayName ?? '');
  if (isProfileName(name)) return { name, displayName };
  throw new BrokerError('E_PROFILE_NAME', 'The name needs a letter from a to z, or a digit.', {
    help: 'Commands use this name. Choose a short one, such as "acme"; the display name can have any letters.',
  });
}

/**
 * Whether a typed name can mean an existing profile with the same technical name, because different display names can lead to
 * one technical name: `Acme, Inc.` and `Acme Inc` both become `acme-inc`.
 */
export function isNamed(profile: Pick<Profile, 'displayName'>, displayName: string | null): boolean {
  const same = (a: string, b: string) => a.localeCompare(b, 'en', { sensitivity: 'accent' }) === 0;
  return displayName === null || profile.displayName === null || same(profile.displayName, displayName);
}

/** Whether a text is a valid profile name. Such a name has no special meaning in a shell. */
export function isProfileName(text: string): boolean {
  return namePattern.test(text);
}

/** Checks a profile name as a person typed it. Throws `E_PROFILE_NAME`, with a valid suggestion. */
export function parseProfileName(text: string): string {
  const name = text.trim();
  if (namePattern.test(name)) return name;
  const suggestion = name.length > maxNameLength ? '' : suggestProfileName(name);
  throw new BrokerError('E_PROFILE_NAME', `${quoteProfileName(name)} is not a valid profile name.`, {
    help:
      'Use up to 63 lowercase letters, digits, dots, dashes and underscores, starting with a letter or digit' +
      (suggestion === '' ? '.' : `, for example "${suggestion}".`),
  });
}

/** The valid profile name that is closest to an organization's name; empty if no character is left. */
export function suggestProfileName(title: string): string {
  return foldText(title)
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, maxNameLength)
    .replace(/-+$/, '');
}

/**
 * A profile name as a person typed it, for an error message. A text that is too long may be a token in the wrong place, and
 * is not repeated.
 */
export function quoteProfileName(text: string): string {
  if (text.length > maxNameLength) return `A text of ${text.length} characters`;
  return `"${text.replace(/[^\x20-\x7e]/g, '?')}"`;
}
