import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRelayTarget } from '../../src/relay/request/target.ts';

const suffixOf = (target: string) => readRelayTarget(target).forwarded?.suffix ?? null;

describe('the target of a relayed request', () => {
  it.each([
    '/Users',
    '/Users?filter=userName%20eq%20%22a%22&startIndex=1',
    '/Users/2819c223-7f76-453a-919d-413861904646',
    '/Users/a%20b%40example.com?attributes=userName',
    '/Groups',
    '/Groups/1',
    '/ServiceProviderConfig',
    '/ResourceTypes/User',
    '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User',
    '/Users?filter=a/../b&x=%2e%2e%2f',
  ])('forwards %s unchanged', (suffix) => {
    expect(suffixOf(`/scim/acme${suffix}`)).toBe(suffix);
  });

  it.each([
    '/',
    '/Users/',
    '/users',
    '/Users/..',
    '/Users/.',
    '/Users/../Groups',
    '/Users/%2e%2e',
    '/Users/%2E%2E%2Fadmin',
    '/Users/a%2Fb',
    '/Users/a%2fb',
    '/Users/a%5Cb',
    '/Users/a\\b',
    '/Users/a%00b',
    '/Users/a%0d%0ab',
    '/Users/a%252Fb',
    '/Users/..;/x',
    '/Users/..;x',
    '/Users/a%3Bb',
    '/Users/a%',
    '/Users/a%4',
    '/Users/a b',
    '/Users/é',
    '/Users#x',
    '/Users?x#y',
    '/Users?é',
    '//Users',
    '/Users//1',
    '/Users/1/members',
    '/ServiceProviderConfig/1',
    '/Bulk',
    '/Me',
    '/.search',
    '/https://evil.example/Users',
    '/@evil.example/Users',
    `/Users/${'a'.repeat(513)}`,
    `/Users?${'a'.repeat(8_193)}`,
  ])('refuses %s', (suffix) => {
    expect(suffixOf(`/scim/acme${suffix}`)).toBeNull();
  });

  it.each(['/scim', '/scim/', '/scim//Users', '/scim/../Users', '/scim/ACME/Users', '/scim/%61cme/Users'])(
    'finds no profile in %s',
    (target) => {
      expect(readRelayTarget(target).profile).toBeNull();
    },
  );

  it('never sends a request to another host or folder, for any target', () => {
    const tricky = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '\\',
      '@',
      ':',
      ';',
      '?',
      '#',
      'Users',
      'Groups',
      'a',
      '%',
      '\t',
      'é',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(tricky, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (rest) => {
        const suffix = suffixOf(`/scim/acme/${rest}`);
        if (suffix === null) return;
        expect(suffix).toBe(`/${rest}`);
        const base = 'https://api.example.com/v1/scim/org';
        const url = new URL(base + suffix);
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname.startsWith('/v1/scim/org/')).toBe(true);
        // Nothing that a parser would change, except an apostrophe in the query.
        expect(url.pathname + url.search.replaceAll('%27', "'")).toBe(
          `/v1/scim/org${suffix}`.replace(/^([^?]*)\?$/, '$1'),
        );
      }),
      { numRuns: 3_000 },
    );
  });
});
