import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';

const tagPattern = /^[a-z0-9][a-z0-9._:-]{0,62}$/;
const maxTags = 20;

/** Parses tags separated by commas, semicolons or spaces; returns them sorted and unique. Throws `E_TAG`. */
export function parseTags(text: string): string[] {
  const tags = [...new Set(text.toLowerCase().split(/[\s,;]+/))].filter((tag) => tag !== '').sort();
  for (const tag of tags) parseTag(tag);
  checkTagCount(tags);
  return tags;
}

/** Throws `E_TAG` if these are more tags than a profile can have. */
export function checkTagCount({ length }: readonly string[]): void {
  if (length > maxTags) {
    throw new BrokerError('E_TAG', `A profile can have at most ${maxTags} tags; these are ${length}.`);
  }
}

/** One tag. Throws `E_TAG`. */
export function parseTag(text: string): string {
  const tag = text.trim().toLowerCase();
  if (tagPattern.test(tag)) return tag;
  throw new BrokerError('E_TAG', `"${sanitizeForDisplay(tag, 80)}" is not a valid tag.`, {
    help: 'Use the letters a to z, digits, dots, dashes, underscores and colons, starting with a letter or digit.',
  });
}

/** Parses one mail address. Throws `E_CONTACT`. */
export function parseContact(text: string): string {
  const address = text.trim();
  // It becomes a mail header: no comma, angle bracket or line break.
  if (/^[^\s@,;:<>()[\]\\"\p{Cc}]{1,64}@[^\s@,;:<>()[\]\\"\p{Cc}]{1,190}$/u.test(address)) return address;
  throw new BrokerError('E_CONTACT', `"${sanitizeForDisplay(address, 80)}" is not a valid mail address.`, {
    help: 'Enter one address, for example it@customer.example.',
  });
}
