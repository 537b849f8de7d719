import { BrokerError } from '../errors/broker-error.ts';
import { isLoopback } from '../http/secure-url.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';

/** What a JWT from another issuer must contain to authenticate a client. */
export interface WorkloadIdentity {
  /** The exact `iss`: an https URL. */
  issuer: string;
  /** The `sub`; `*` matches within one segment, that is, it crosses neither `:` nor `/`. */
  subject: string;
  /** One of the audiences in `aud`; see `matchesAudience`. */
  audience: string;
  /** Whether an unknown `scope` in its requests is ignored. */
  anyScope: boolean;
}

/** Longer than any known issuer, subject or audience. Characters. */
const maxLength = 500;

/**
 * Issuers that sign for many organizations. A subject for them must name its owner in its first two segments, such as
 * `repo:acme`, without `*`.
 */
const sharedIssuers = [
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://agent.buildkite.com',
  'https://app.terraform.io',
  'https://accounts.google.com',
];

/** Checks all parts. Throws `E_CLIENT_ISSUER`, `E_CLIENT_SUBJECT`, `E_CLIENT_AUDIENCE`. */
export function parseWorkloadIdentity(given: WorkloadIdentity): WorkloadIdentity {
  const issuer = parseIssuer(given.issuer.trim());
  return {
    issuer,
    subject: parseSubject(given.subject.trim(), issuer),
    audience: parseAudience(given.audience.trim()),
    anyScope: given.anyScope,
  };
}

function parseIssuer(text: string): string {
  const example = 'For example https://token.actions.githubusercontent.com';
  const refuse = (message: string, help = example) => new BrokerError('E_CLIENT_ISSUER', message, { help });
  const url = URL.parse(text);
  if (url === null || url.host === '' || text.length > maxLength) {
    throw refuse(`"${sanitizeForDisplay(text, 80)}" is not the URL of an issuer.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('The URL of the issuer contains a user name or password.');
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw refuse('The URL of the issuer must start with https://, so that nobody can replace its keys.');
  }
  if (/[?#]/.test(text)) throw refuse('The URL of the issuer has a query or a fragment.');
  if (url.pathname.includes('/.well-known/')) {
    const before = url.href.slice(0, url.href.indexOf('/.well-known/'));
    throw refuse('This is the address of a document of the issuer.', `Enter the issuer itself: ${before}`);
  }
  // The `iss` is compared character by character, and issuers write only the canonical form.
  const canonical = text.endsWith('/') ? url.href : url.href.replace(/\/$/, '');
  if (text !== canonical) {
    throw refuse('The URL of the issuer is not in its usual form.', `Enter it as ${canonical}`);
  }
  if (
    url.hostname === 'login.microsoftonline.com' &&
    /^\/(common|organizations|consumers)\b/.test(url.pathname)
  ) {
    throw refuse(
      'This address of Entra ID is shared by all tenants and issues no JWT.',
      'Use the tenant ID: https://login.microsoftonline.com/TENANT-ID/v2.0',
    );
  }
  return text;
}

function parseSubject(text: string, issuer: string): string {
  const example = 'For example repo:acme/provisioning:ref:refs/heads/main';
  const refuse = (message: string, help = example) => new BrokerError('E_CLIENT_SUBJECT', message, { help });
  if (!isPlainText(text)) throw refuse('The subject is empty, too long, or has invisible characters.');
  if (text.includes('**')) {
    throw refuse(
      'The subject contains **.',
      'Use one * for each segment: * matches any text without : and /, for example repo:acme/*:ref:refs/heads/main',
    );
  }
  if (!/[\p{L}\p{N}]/u.test(text)) {
    throw refuse('This subject matches every JWT of the issuer.', `Name the workload. ${example}`);
  }
  const owner = segments(text).slice(0, 3);
  if (sharedIssuers.includes(issuer) && owner.some((segment) => segment.includes('*'))) {
    throw refuse(
      `${new URL(issuer).hostname} signs for everyone, so the subject must name the owner without *.`,
      'For example repo:acme/*:ref:refs/heads/main, or for GitLab project_path:acme/*:ref_type:branch:ref:main',
    );
  }
  return text;
}

function parseAudience(text: string): string {
  const refuse = (message: string) =>
    new BrokerError('E_CLIENT_AUDIENCE', message, {
      help: 'Enter the aud that the JWT has, for example webex-token, or for Entra ID api://APPLICATION-ID',
    });
  if (!isPlainText(text) || /^(?:api:\/\/)?(?:\/\.default)?$/.test(text)) {
    throw refuse('The audience is empty, too long, or has invisible characters.');
  }
  if (text.includes('*')) throw refuse('The audience cannot contain *: it is compared as a whole.');
  return text;
}

function isPlainText(text: string): boolean {
  return text !== '' && text.length <= maxLength && !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(text);
}

/** Whether a `sub` matches the registered subject. Compared character by character: no case or Unicode folding. */
export function matchesSubject(registered: string, sub: string): boolean {
  if (!registered.includes('*')) return sub === registered;
  if (sub.length > maxLength) return false;
  const expected = segments(registered);
  const found = segments(sub);
  return (
    expected.length === found.length && expected.every((part, at) => matchesSegment(part, found[at] ?? ''))
  );
}

/** The segments and, between them, their separators: at every odd index. */
function segments(subject: string): string[] {
  return subject.split(/([:/])/);
}

/** Linear: the leftmost match of each piece between two `*` is enough. */
function matchesSegment(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/**
 * Whether one of the audiences of a JWT is the registered one. Entra ID shows `api://ID/.default` for what is `api://ID` or
 * `ID` in the JWT, so these count as the same. Every other audience is compared character by character.
 */
export function matchesAudience(registered: string, audiences: readonly string[]): boolean {
  const expected = withoutEntraForm(registered);
  return audiences.some((each) => withoutEntraForm(each) === expected);
}

/** The application ID, or the custom URI of an application, from any of the forms that Entra ID shows. */
function withoutEntraForm(audience: string): string {
  const [, id] =
    /^(?:api:\/\/)?([\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12})(?:\/\.default)?$/.exec(audience) ?? [];
  return id ?? audience.replace(/^(api:\/\/.+)\/\.default$/, '$1');
}
