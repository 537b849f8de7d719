import { describe, expect, it } from 'vitest';
import { oktaOrgUrl } from '../../src/config/okta-org-url.ts';

describe('the address of an Okta organization', () => {
  it.each([
    ['https://acme.okta.com', 'https://acme.okta.com'],
    ['https://acme.okta.com/', 'https://acme.okta.com'],
    ['acme.okta.com', 'https://acme.okta.com'],
    ['http://acme.okta.com', 'https://acme.okta.com'],
    ['acme-admin.okta.com', 'https://acme.okta.com'],
    ['https://acme-admin.oktapreview.com/admin/apps/active', 'https://acme.oktapreview.com'],
    ['https://acme.okta.com/admin/apps', 'https://acme.okta.com'],
    ['https://ACME.okta-emea.com/app/UserHome?x=1#y', 'https://acme.okta-emea.com'],
    ['https://login.acme.example/admin/apps', 'https://login.acme.example'],
    ['https://okta.acme.example', 'https://okta.acme.example'],
    ['https://okta-login.acme.example/admin', 'https://okta-login.acme.example'],
    ['http://[::1]:4711', 'http://[::1]:4711'],
    ['http://127.0.0.1:4711', 'http://127.0.0.1:4711'],
  ])('is read from %s as %s', (text, url) => {
    expect(oktaOrgUrl(text)).toBe(url);
  });

  it.each([
    'https://{yourOktaDomain}',
    '{yourOktaDomain}',
    'https://{{yourOktaDomain}}/api/v1',
    'https://your-domain.okta.com',
    'yourOktaDomain',
    'https://your-okta-domain.okta.com',
    '<your org>.okta.com',
    'https://developer.okta.com',
    'https://login.okta.com',
    'https://okta.com',
    'https://www.okta.com/login',
    'https://login.acme.example/some/page',
    'https://okta-emea.com',
    '//acme.okta.com',
    '//login.acme.example',
    '[placeholder].okta.com',
    'https://ada:secret@acme.okta.com',
    'ftp://acme.okta.com',
    'acme',
  ])('is not %s', (text) => {
    expect(oktaOrgUrl(text)).toBeNull();
  });
});
