import { describe, expect, it } from 'vitest';
import { profileOfQuery } from '../../src/output/terraform-query.ts';

describe('profileOfQuery', () => {
  it('returns the profile of the argument, or else of the query', () => {
    expect(profileOfQuery('acme', '{}')).toBe('acme');
    expect(profileOfQuery(undefined, '{"profile":"acme"}')).toBe('acme');
    expect(profileOfQuery('acme', '{"profile":"acme","other":"x"}')).toBe('acme');
    expect(profileOfQuery('acme', '')).toBe('acme');
  });

  it('refuses a query that names another profile or none', () => {
    expect(() => profileOfQuery('acme', '{"profile":"other"}')).toThrow(/asks for "other"/);
    expect(() => profileOfQuery(undefined, '{}')).toThrow(/names a profile/);
  });

  it.each(['[]', '"acme"', '{"profile":1}', '{', 'null'])('refuses %s', (input) => {
    expect(() => profileOfQuery('acme', input)).toThrow(/not a query/);
  });
});
