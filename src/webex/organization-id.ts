import { BrokerError } from '../errors.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const wholeUuid = new RegExp(`^${uuid}$`, 'i');
const resourceUri = /^ciscospark:\/\/[^/]+\/([^/]+)\/([^/]+)$/i;

/** The example in Cisco's guides: it has a g, which no UUID has. */
const exampleId = 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c';

const whereToLook =
  'In Control Hub (admin.webex.com; Webex for Government: admin-usgov.webex.com) choose the organization’s name at the bottom left: ' +
  'the Organization ID stands under Account. It is 36 characters, digits and the letters a to f, in five groups with hyphens.';

/** Whether the text is a UUID as it stands, in any letter case. */
export function isUuid(text: string): boolean {
  return wholeUuid.test(text);
}

/**
 * The organization ID, as a lower-case UUID, from whatever of it a person has at hand: the UUID itself, the
 * form of the Webex API (`ciscospark://us/ORGANIZATION/<uuid>`, plain or in base64), or the SCIM tenant URL.
 * Throws `E_ORGANIZATION_ID` with the place to look; the message never repeats what was given.
 */
export function parseOrganizationId(text: string): string {
  const bare = withoutWrapping(text);
  const found = fromIdentifier(bare) ?? fromUrl(bare);
  if (found !== null) return found;
  throw explainMiss(bare);
}

/** The form of the Webex API: `ciscospark://us/ORGANIZATION/<uuid>` in base64url without padding. */
export function toWebexOrganizationId(orgId: string): string {
  return Buffer.from(`ciscospark://us/ORGANIZATION/${orgId}`).toString('base64url');
}

function withoutWrapping(text: string): string {
  return text
    .slice(0, 4096)
    .replace(/[\p{Cf}]/gu, '')
    .trim()
    .replace(/^(?:organi[sz]ation|org|tenant)[\s_-]*id\s*[:=]?\s*/i, '')
    .replace(/^urn:uuid:/i, '')
    .replace(/^[\s"'`“”‘’«»<>(){}[\]]+|[\s"'`“”‘’«»<>(){}[\],;.]+$/gu, '');
}

function fromIdentifier(text: string): string | null {
  if (isUuid(text)) return text.toLowerCase();
  if (/^[0-9a-f]{32}$/i.test(text)) {
    return text.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  const [, type, id] = resourceUri.exec(webexResource(text)) ?? [];
  if (type === undefined || id === undefined) return null;
  if (type.toUpperCase() !== 'ORGANIZATION') {
    throw miss(
      `That is a Webex ID, but of a ${type
        .toLowerCase()
        .slice(0, 20)
        .replace(/[^a-z_]/g, '')}, not of an organization.`,
    );
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
    throw miss(
      'That is an address at Microsoft: an ID in it is of the Entra tenant, not of the Webex organization.',
    );
  }
  const named = url.pathname.match(/\/(?:scim|organizations?|orgs?)\/([^/]+)/i)?.[1];
  const asked = [...url.searchParams].find(([name]) => /^(org|organization)_?(id|uuid)$/i.test(name))?.[1];
  const candidate = named ?? asked;
  if (candidate === undefined) return null;
  const id = URL.canParse(`x:${candidate}`) ? decodeSoftly(candidate) : candidate;
  if (id.toLowerCase() === exampleId || /^\{?<?org_?id>?\}?$/i.test(id)) throw explainMiss(id);
  return fromIdentifier(id);
}

function decodeSoftly(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function explainMiss(text: string): BrokerError {
  const lower = text.toLowerCase();
  if (lower === '') return miss('No organization ID was given.');
  if (lower.includes(exampleId)) {
    return miss(
      'That is the example from Cisco’s guide. It stands for your own ID, and could be nobody’s: it has a g in it.',
    );
  }
  if (/^[{<]?org_?id[}>]?$/.test(lower))
    return miss('“OrgId” is the placeholder of the guide: your own ID goes in its place.');
  if (/^[\w-]{64}_\w{4}_|^eyj[\w-]+\./.test(lower))
    return miss('That looks like a token, not an organization ID.');
  if (/^https?:\/\//.test(lower)) return miss('That address has no organization ID in it.');
  if (/^[^\s@]+@[^\s@]+$/.test(lower)) return miss('That is an e-mail address, not an organization ID.');
  const hyphenated = /^[0-9a-z]+(-[0-9a-z]+){2,}$/.test(lower);
  if (hyphenated && /[g-z]/.test(lower) && lower.length === 36) {
    return miss('That has the length of an organization ID, but a letter in it is not one of a to f.');
  }
  if (hyphenated && lower.length >= 30 && lower.length <= 42) {
    return miss(
      `That looks like an organization ID, but has ${lower.length} characters, or its hyphens in other places, than the 36 of a whole one.`,
    );
  }
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(lower)) {
    return miss(
      lower.endsWith('.webex.com')
        ? 'That is a Webex site’s address, not an organization ID.'
        : 'That is a domain name, not an organization ID.',
    );
  }
  return miss('That is not an organization ID.');
}

function miss(message: string): BrokerError {
  return new BrokerError('E_ORGANIZATION_ID', message, { help: whereToLook });
}
