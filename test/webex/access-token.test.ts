import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clusterWarning, describeAccessToken } from '../../src/webex/access-token.ts';
import { acmeOrgId, jwtToken, usualToken } from './fake-tokens.ts';

test('the usual form names cluster and organization', () => {
  expect(usualToken()).toHaveLength(106);
  expect(describeAccessToken(usualToken({ cluster: 'P0A1' }))).toEqual({
    form: 'usual',
    orgId: acmeOrgId,
    cluster: 'P0A1',
    warnings: [],
  });
});

test('every organization comes back in lower case', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.boolean(), (orgId, upper) => {
      const token = usualToken({ orgId: upper ? orgId.toUpperCase() : orgId, filler: '_' });
      expect(describeAccessToken(token).orgId).toBe(orgId);
    }),
  );
});

test('a consumer’s token has no organization, and that is said', () => {
  const described = describeAccessToken(usualToken({ orgId: 'consumer' }));
  expect(described).toMatchObject({ form: 'usual', orgId: null });
  expect(described.warnings[0]).toContain('personal Webex account');
});

describe('a JWT', () => {
  test('names its organization as realm', () => {
    expect(describeAccessToken(jwtToken({ realm: acmeOrgId.toUpperCase() }))).toEqual({
      form: 'jwt',
      orgId: acmeOrgId,
      cluster: null,
      warnings: [],
    });
  });

  test.each([{}, { realm: 'consumer' }, { realm: 'not/a/uuid' }])('may name none: %o', (claims) => {
    expect(describeAccessToken(jwtToken(claims))).toMatchObject({ form: 'jwt', orgId: null });
  });

  test.each(['eyJhIjox.eyJ.x', 'eyJ.e30.x.y', 'a.b.c', `eyJh.${Buffer.from('5').toString('base64url')}.x`])(
    'is not %s',
    (token) => {
      expect(describeAccessToken(token).form).toBe('unknown');
    },
  );
});

describe('a token that was not copied whole', () => {
  test.each([66, 69, 70, 80, 105])('cut at the end, at %i', (length) => {
    const [warning] = describeAccessToken(usualToken().slice(0, length)).warnings;
    expect(warning).toContain('cut off at its end');
    expect(warning).toContain(`${length} characters`);
  });

  test.each([1, 40, 64, 65])('cut at the front, by %i', (missing) => {
    expect(describeAccessToken(usualToken().slice(missing)).warnings[0]).toContain('cut off at its front');
  });
});

test('describing never throws and never repeats the token', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 8 }), (token) => {
      const own = `fake-${token}`;
      expect(describeAccessToken(own).warnings.join('\n')).not.toContain(own);
    }),
  );
});

test('a cluster of the other deployment is a hint, an unknown one is not', () => {
  expect(clusterWarning('FC82', 'commercial')).toContain('Webex for Government (cluster FC82)');
  expect(clusterWarning('PF84', 'government')).toContain('cluster PF84');
  expect(clusterWarning('FC82', 'government')).toBeNull();
  expect(clusterWarning('PF84', 'commercial')).toBeNull();
  expect(clusterWarning('ZZ99', 'government')).toBeNull();
  expect(clusterWarning(null, 'commercial')).toBeNull();
});
