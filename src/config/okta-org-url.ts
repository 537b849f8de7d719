/** Okta's domains. An organization's name is the label before them. */
const oktaDomains = 'okta\\.com|oktapreview\\.com|okta-emea\\.com|okta-gov\\.com|okta\\.mil|trexcloud\\.com';

const oktaHost = new RegExp(`^([a-z0-9-]+)\\.(${oktaDomains})$`);

/** One of these domains alone. */
const oktaDomainAlone = new RegExp(`^(${oktaDomains})$`);

/** The brackets of an IPv6 address are not a placeholder. */
const ipv6Origin = /^https?:\/\/\[[0-9a-f:.]+\](:\d+)?\/?$/i;

/** Sites of Okta itself, and placeholders for the organization in guides. */
const noOrganization =
  /^(www|login|admin|developer|support|help|status|trust|{?your.*|{.*|subdomain|example-domain|company|yourcompany|org|orgname|domain)$/;

/**
 * The address of an Okta organization for its API, from an address in the browser: without the path, and without `-admin`
 * of the Admin Console. A custom domain such as `okta.acme.example` is kept. Null for anything else, such as a guide's
 * `https://{yourOktaDomain}`.
 */
export function oktaOrgUrl(text: string): string | null {
  const trimmed = text.trim();
  if (
    /[{}<>[\]$%\s]|your[-_]?okta|your[-_]?(org|domain|company|subdomain)/i.test(trimmed) &&
    !ipv6Origin.test(trimmed)
  ) {
    return null;
  }
  // Without a scheme it starts with a host: the URL parser would skip any number of slashes.
  if (/^[/\\]/.test(trimmed)) return null;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || url.username !== '' || url.password !== '') return null;
  const [, name, domain] = oktaHost.exec(url.hostname) ?? [];
  if (name === undefined) {
    // For a custom domain, only the parts that are certainly wrong are removed.
    const isOrigin =
      url.pathname === '/' || /^\/(admin|app|enduser|login|oauth2|api)(\/|$)/.test(url.pathname);
    const hasDot = url.hostname.includes('.') || url.hostname === 'localhost' || url.hostname.startsWith('[');
    if (!isOrigin || !hasDot || oktaDomainAlone.test(url.hostname)) return null;
    return url.origin;
  }
  const organization = name.replace(/-admin$/, '');
  if (organization === '' || noOrganization.test(organization)) return null;
  const port = url.port === '' ? '' : `:${url.port}`;
  return url.protocol === 'https:' || url.protocol === 'http:'
    ? `https://${organization}.${domain}${port}`
    : null;
}
