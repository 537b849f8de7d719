import { BrokerError } from '../errors/broker-error.ts';
import { trimDelimiters } from '../text/sanitize.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const wholeUuid = new RegExp(`^${uuid}$`, 'i');
const resourceUri = /^ciscospark:\/\/[^/]+\/([^/]+)\/([^/]+)$/i;

/** The example in Cisco's guides. It contains a g, so it is not a valid UUID. */
export const exampleOrganizationId = 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c';

const whereToFind =
  'In Control Hub (admin.webex.com), select your organization’s name at the bottom left and copy the organization ID. ' +
  'It has 36 characters: digits and the letters a to f, in five groups with hyphens.';

/** The placeholders for the ID in the guides of Cisco and Microsoft. */
const placeholder =
  /^[{<[(]*(?:(?:your|my|the|webex|cisco)[\s_-]*)*(?:org(?:ani[sz]ation)?|tenant)[\s_-]*(?:uu)?id(?:[\s_-]*(?:here|value))?[)}>\]]*$/i;

/** Whether the text is a UUID, in upper or lower case. */
export function isUuid(text: string): boolean {
  return wholeUuid.test(text);
}

/**
 * Parses an organization ID into a lower-case UUID. Accepts the forms that people copy: the UUID itself, the
 * form of the Webex API (`ciscospark://us/ORGANIZATION/<uuid>`, plain or in base64), or the SCIM tenant URL.
 * Throws `E_ORGANIZATION_ID`, which says where to find the ID. The message never repeats the input.
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

/** Brackets, and punctuation from the sentence that the ID was copied from. */
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
    throw invalidId('This Webex ID does not identify an organization. It may be the ID of a person.');
  }
  return isUuid(id) ? id.toLowerCase() : null;
}

/** The text itself if it is a Webex resource URI, otherwise the text decoded from base64 or base64url. */
function webexResource(text: string): string {
  if (/^ciscospark:/i.test(text)) return text;
  return /^[A-Za-z0-9+/_-]{40,}={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : '';
}

/** Accepts only an ID whose position in the URL shows that it is the organization's. Others identify users or Entra tenants. */
function fromUrl(text: string): string | null {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return null;
  if (/(^|\.)(microsoftonline|azure|microsoft|windows)\.(com|us|net|cn)$/i.test(url.hostname)) {
    throw invalidId(
      'This is a Microsoft address. An ID in it identifies the Entra tenant, not the Webex organization.',
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
  if (lower === '') return invalidId('The organization ID is empty.');
  if (lower.includes(exampleOrganizationId)) {
    return invalidId('This is the example from Cisco’s guide, not a real organization ID: it contains a g.');
  }
  if (placeholder.test(lower))
    return invalidId('“OrgId” is a placeholder in the guide. Replace it with your own organization ID.');
  if (/^[\w-]{64}_\w{4}_|^eyj[\w-]+\./.test(lower))
    return invalidId('This looks like a token, not an organization ID.');
  if (/^https?:\/\//.test(lower)) return invalidId('This address does not contain an organization ID.');
  if (/^[^\s@]+@[^\s@]+$/.test(lower)) return invalidId('This is an email address, not an organization ID.');
  const hyphenated = /^[0-9a-z]+(-[0-9a-z]+){2,}$/.test(lower);
  if (hyphenated && /[g-z]/.test(lower) && lower.length === 36) {
    return invalidId('This has the length of an organization ID, but contains a letter other than a to f.');
  }
  if (hyphenated && lower.length >= 30 && lower.length <= 42) {
    return invalidId(
      `This looks like an organization ID, but it must have 36 characters with the hyphens in the right places. It has ${lower.length} characters.`,
    );
  }
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(lower)) {
    return invalidId(
      lower.endsWith('.webex.com')
        ? 'This is the address of a Webex site, not an organization ID.'
        : 'This is a domain name, not an organization ID.',
    );
  }
  return invalidId('This is not an organization ID.');
}

function invalidId(message: string): BrokerError {
  return new BrokerError('E_ORGANIZATION_ID', message, { help: whereToFind });
}
