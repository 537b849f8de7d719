import { describe, expect, it } from 'vitest';
import { maskedPath } from '../../src/web/middleware/request-log.ts';

const name = 'ada.lovelace@example.com';

describe('the path in the log of requests', () => {
  it.each([
    ['/', '/'],
    ['/profiles/acme/push', '/profiles/acme/push'],
    ['/oauth/token', '/oauth/token'],
    ['/scim/acme/Users', '/scim/acme/Users'],
    ['/scim/acme', '/scim/acme'],
    ['/access/secret', '/access/…'],
  ])('is shown: %s as %s', (path, shown) => {
    expect(maskedPath(path)).toBe(shown);
  });

  it.each([
    [`/scim/acme/Users/${name}`, '/scim/acme/Users/…'],
    ['/scim/acme/Users/ada', '/scim/acme/Users/…'],
    ['/scim/acme/ada', '/scim/acme/…'],
    ['/scim/acme/ada/', '/scim/acme/…/'],
    ['/scim/acme/v2/Users/ada', '/scim/acme/v2/…'],
    ['/Scim/acme/Users/ada', '/Scim/acme/Users/…'],
    ['/scim/acme/Users;ada', '/scim/acme/…'],
    [`/scim/${name}/Users`, '/scim/…/Users'],
    ['/scim/acme%2FUsers%2Fada', '/scim/…'],
    ['/Users/ada', '/Users/…'],
    ['/acme/users/ada', '/acme/users/…'],
    ['/tokens/scim/acme/Groups/ada/members', '/tokens/scim/acme/Groups/…'],
    [`/${name}`, '/…'],
    [`/oauth/token/${encodeURIComponent(name)}`, '/oauth/token/…'],
  ])('names no person or group, wherever a tool puts the ID: %s', (path, shown) => {
    expect(maskedPath(path)).toBe(shown);
  });
});
