import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';

/*
 * What profiles are filed under: tags to find them by, and the mail address of whoever looks after them.
 */

const tagPattern = /^[a-z0-9][a-z0-9._:-]{0,62}$/;
const mostTags = 20;

/** Tags as a person writes them, apart by commas, semicolons or spaces: sorted, each once. Throws `E_TAG`. */
export function parseTags(text: string): string[] {
  const tags = [...new Set(text.toLowerCase().split(/[\s,;]+/))].filter((tag) => tag !== '').sort();
  for (const tag of tags) parseTag(tag);
  if (tags.length > mostTags) {
    throw new BrokerError('E_TAG', `There are ${tags.length} tags, and ${mostTags} are the most.`);
  }
  return tags;
}

/** One tag. Throws `E_TAG`. */
export function parseTag(text: string): string {
  const tag = text.trim().toLowerCase();
  if (tagPattern.test(tag)) return tag;
  throw new BrokerError('E_TAG', `"${sanitizeForDisplay(tag, 80)}" cannot be a tag.`, {
    help: 'Use letters, digits, dots, dashes, underscores and colons, a letter or digit first.',
  });
}

/** One mail address, as a mail can be sent to it. Throws `E_CONTACT`. */
export function parseContact(text: string): string {
  const address = text.trim();
  // No comma, no angle bracket, no line break: it becomes a header of a mail.
  if (/^[^\s@,;:<>()[\]\\"\p{Cc}]{1,64}@[^\s@,;:<>()[\]\\"\p{Cc}]{1,190}$/u.test(address)) return address;
  throw new BrokerError('E_CONTACT', `"${sanitizeForDisplay(address, 80)}" is not a mail address.`, {
    help: 'Give one address, for example it@customer.example.',
  });
}
