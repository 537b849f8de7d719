/** Okta's own domains: an organization is one label in front of them. */
const oktaHost =
  /^([a-z0-9-]+)\.(okta\.com|oktapreview\.com|okta-emea\.com|okta-gov\.com|okta\.mil|trexcloud\.com)$/;

/** Okta's own sites, and what guides write in place of the organization's name. */
const noOrganization =
  /^(www|login|admin|developer|support|help|status|trust|{?your.*|{.*|subdomain|example-domain|company|yourcompany|org|orgname|domain)$/;

/**
 * The address of an Okta organization as its API has it, from what the browser shows: without the page, and without
 * the `-admin` of the Admin Console. Null where it is none, such as a guide's `https://{yourOktaDomain}`.
 */
export function oktaOrgUrl(text: string): string | null {
  const trimmed = text.trim();
  if (/[{}<>[\]$%\s]|your[-_]?okta|your[-_]?(org|domain|company|subdomain)/i.test(trimmed)) return null;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || url.username !== '' || url.password !== '') return null;
  const [, name, domain] = oktaHost.exec(url.hostname) ?? [];
  if (name === undefined) {
    // An address of its own: only what is certain is taken off.
    const isOrigin =
      url.pathname === '/' || /^\/(admin|app|enduser|login|oauth2|api)(\/|$)/.test(url.pathname);
    const hasDot = url.hostname.includes('.') || url.hostname === 'localhost' || url.hostname.startsWith('[');
    if (!isOrigin || !hasDot || /^okta/.test(url.hostname)) return null;
    return url.origin;
  }
  const organization = name.replace(/-admin$/, '');
  if (organization === '' || noOrganization.test(organization)) return null;
  const port = url.port === '' ? '' : `:${url.port}`;
  return url.protocol === 'https:' || url.protocol === 'http:'
    ? `https://${organization}.${domain}${port}`
    : null;
}
