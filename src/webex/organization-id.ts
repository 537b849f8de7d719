import { BrokerError } from '../errors/broker-error.ts';
import { trimDelimiters } from '../text/sanitize.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const wholeUuid = new RegExp(`^${uuid}$`, 'i');
const resourceUri = /^ciscospark:\/\/[^/]+\/([^/]+)\/([^/]+)$/i;

/** The example in Cisco's guides: it has a g, which no UUID has. */
export const exampleOrganizationId = 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c';

const whereToFind =
  'In Control Hub (admin.webex.com) choose your organization’s name at the bottom left, and copy the Organization ID. ' +
  'It has 36 characters: digits and the letters a to f, in five groups with hyphens.';

/** How Cisco's and Microsoft's guides write the place where the ID belongs. */
const placeholder =
  /^[{<[(]*(?:(?:your|my|the|webex|cisco)[\s_-]*)*(?:org(?:ani[sz]ation)?|tenant)[\s_-]*(?:uu)?id(?:[\s_-]*(?:here|value))?[)}>\]]*$/i;

/** Whether the text is a UUID as it stands, in any letter case. */
export function isUuid(text: string): boolean {
  return wholeUuid.test(text);
}

/**
 * The organization ID as a lower-case UUID, from any form that a person may have: the UUID itself, the
 * form of the Webex API (`ciscospark://us/ORGANIZATION/<uuid>`, plain or in base64), or the SCIM tenant URL.
 * Throws `E_ORGANIZATION_ID` with the place to look; the message never repeats what was given.
 */
export function parseOrganizationId(text: string): string {
  const bare = unwrap(text);
  const found = fromIdentifier(bare) ?? fromUrl(bare);
  if (found !== null) return found;
  throw explainInvalid(bare);
}

/** The form of the Webex API: `ciscospark://us/ORGANIZATION/<uuid>` in base64url without padding. */
export function toWebexOrganizationId(orgId: string): string {
  return Buffer.from(`ciscospark://us/ORGANIZATION/${orgId}`).toString('base64url');
}

/** Brackets, and the punctuation of the sentence that the ID was copied from. */
const wrapping = '{}[],;.';

function unwrap(text: string): string {
  const bare = trimDelimiters(text.slice(0, 4096).replace(/\p{Cf}/gu, ''), wrapping);
  const unlabelled = bare.replace(
    /^(?:(?:organi[sz]ation|org|tenant)[\s_-]*id\s*[:=]\s*)?(?:urn:uuid:)?/i,
    '',
  );
  return trimDelimiters(unlabelled, wrapping);
}

function fromIdentifier(text: string): string | null {
  if (isUuid(text)) return text.toLowerCase();
  if (/^[0-9a-f]{32}$/i.test(text)) {
    return text.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const [, type, id] = resourceUri.exec(webexResource(text)) ?? [];
  if (type === undefined || id === undefined) return null;
  if (type.toUpperCase() !== 'ORGANIZATION') {
    throw invalidId('That is a Webex ID, but of something else than an organization, such as a person.');
  }
  return isUuid(id) ? id.toLowerCase() : null;
}

/** The text itself if it is a Webex resource URI, else what base64 or base64url makes of it. */
function webexResource(text: string): string {
  if (/^ciscospark:/i.test(text)) return text;
  return /^[A-Za-z0-9+/_-]{40,}={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : '';
}

/** Takes only an ID whose place in the URL says that it is the organization's: others name users, or Entra tenants. */
function fromUrl(text: string): string | null {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return null;
  if (/(^|\.)(microsoftonline|azure|microsoft|windows)\.(com|us|net|cn)$/i.test(url.hostname)) {
    throw invalidId(
      'That is an address at Microsoft: an ID in it is of the Entra tenant, not of the Webex organization.',
    );
  }
  const named =
    /\/(?:scim|organizations?|orgs?)\/([^/?#&]+)/i.exec(text)?.[1] ??
    /[?&#](?:org|organization)(?:_?(?:id|uuid))?=([^&#]+)/i.exec(text)?.[1];
  if (named === undefined) return null;
  const id = decodeIfPossible(named);
  if (id.toLowerCase() === exampleOrganizationId || placeholder.test(id)) throw explainInvalid(id);
  return fromIdentifier(id);
}

function decodeIfPossible(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function explainInvalid(text: string): BrokerError {
  const lower = text.toLowerCase();
  if (lower === '') return invalidId('No organization ID was given.');
  if (lower.includes(exampleOrganizationId)) {
    return invalidId(
      'That is the example from Cisco’s guide. It stands for your own ID, and could be nobody’s: it has a g in it.',
    );
  }
  if (placeholder.test(lower))
    return invalidId('“OrgId” is the placeholder of the guide: your own ID goes in its place.');
  if (/^[\w-]{64}_\w{4}_|^eyj[\w-]+\./.test(lower))
    return invalidId('That looks like a token, not an organization ID.');
  if (/^https?:\/\//.test(lower)) return invalidId('That address has no organization ID in it.');
  if (/^[^\s@]+@[^\s@]+$/.test(lower)) return invalidId('That is an e-mail address, not an organization ID.');
  const hyphenated = /^[0-9a-z]+(-[0-9a-z]+){2,}$/.test(lower);
  if (hyphenated && /[g-z]/.test(lower) && lower.length === 36) {
    return invalidId('That has the length of an organization ID, but a letter in it is not one of a to f.');
  }
  if (hyphenated && lower.length >= 30 && lower.length <= 42) {
    return invalidId(
      `That looks like an organization ID, but has ${lower.length} characters, or its hyphens in other places, than the 36 of a whole one.`,
    );
  }
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(lower)) {
    return invalidId(
      lower.endsWith('.webex.com')
        ? 'That is a Webex site’s address, not an organization ID.'
        : 'That is a domain name, not an organization ID.',
    );
  }
  return invalidId('That is not an organization ID.');
}

function invalidId(message: string): BrokerError {
  return new BrokerError('E_ORGANIZATION_ID', message, { help: whereToFind });
}
