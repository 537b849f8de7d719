import { expect, test } from 'vitest';
import { profileOfQuery } from '../../src/output/terraform-query.ts';

test('the profile comes from the argument, or else from the query', () => {
  expect(profileOfQuery('acme', '{}')).toBe('acme');
  expect(profileOfQuery(undefined, '{"profile":"acme"}')).toBe('acme');
  expect(profileOfQuery('acme', '{"profile":"acme","other":"x"}')).toBe('acme');
  expect(profileOfQuery('acme', '')).toBe('acme');
});

test('a query that names another profile, or none at all, is refused', () => {
  expect(() => profileOfQuery('acme', '{"profile":"other"}')).toThrow(/asks for "other"/);
  expect(() => profileOfQuery(undefined, '{}')).toThrow(/names a profile/);
});

test.each(['[]', '"acme"', '{"profile":1}', '{', 'null'])('%s is not a query', (input) => {
  expect(() => profileOfQuery('acme', input)).toThrow(/not a query/);
});
