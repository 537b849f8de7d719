import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment } from '../../src/webex/deployments.ts';
import {
  deploymentWarning,
  describeAccessToken,
  otherDeployment,
} from '../../src/webex/sign-in/access-token.ts';
import { anyText } from '../support/any-text.ts';
import { acmeOrgId, jwtToken, usualToken } from '../support/webex/fake-tokens.ts';

describe('describeAccessToken', () => {
  it('reads the cluster and the organization from the usual form', () => {
    expect(usualToken()).toHaveLength(106);
    expect(describeAccessToken(usualToken({ cluster: 'P0A1' }))).toEqual({
      form: 'usual',
      orgId: acmeOrgId,
      cluster: 'P0A1',
      deployment: 'commercial',
      warnings: [],
    });
  });

  it('returns every organization ID in lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (orgId, upper) => {
        const token = usualToken({ orgId: upper ? orgId.toUpperCase() : orgId, filler: '_' });
        expect(describeAccessToken(token).orgId).toBe(orgId);
      }),
    );
  });

  it('warns that the token of a personal account has no organization', () => {
    const described = describeAccessToken(usualToken({ orgId: 'consumer' }));
    expect(described).toMatchObject({ form: 'usual', orgId: null });
    expect(described.warnings[0]).toContain('personal Webex account');
  });

  describe('a JWT', () => {
    it('has its organization in the claim realm', () => {
      expect(describeAccessToken(jwtToken({ realm: acmeOrgId.toUpperCase() }))).toEqual({
        form: 'jwt',
        orgId: acmeOrgId,
        cluster: null,
        deployment: null,
        warnings: [],
      });
    });

    it.each([{}, { realm: 'consumer' }, { realm: 'not/a/uuid' }])(
      'finds no organization in the claims %o',
      (claims) => {
        expect(describeAccessToken(jwtToken(claims))).toMatchObject({ form: 'jwt', orgId: null });
      },
    );

    it.each([
      'eyJhIjox.eyJ.x',
      'eyJ.e30.x.y',
      'a.b.c',
      'xeyJh.e30.x',
      'eyJh.e30.x!',
      `eyJh.${Buffer.from('5').toString('base64url')}.x`,
    ])('does not have the form %s', (token) => {
      expect(describeAccessToken(token).form).toBe('unknown');
    });
  });

  describe('a token that was not copied completely', () => {
    it.each([66, 69, 70, 80, 105])('is reported as cut at the end, after %i characters', (length) => {
      const [warning] = describeAccessToken(usualToken().slice(0, length)).warnings;
      expect(warning).toContain('The end of the token seems to be missing');
      expect(warning).toContain(`${length} characters`);
    });

    it.each([1, 40, 64, 65])('is reported as cut at the start, by %i characters', (missing) => {
      expect(describeAccessToken(usualToken().slice(missing)).warnings[0]).toContain(
        'The start of the token seems to be missing',
      );
    });
  });

  it('never throws and never repeats the token', () => {
    fc.assert(
      fc.property(anyText({ minLength: 8 }), (token) => {
        const own = `fake-${token}`;
        expect(describeAccessToken(own).warnings.join('\n')).not.toContain(own);
      }),
    );
  });
});

describe('deploymentWarning and otherDeployment', () => {
  const at = (host: string) => ({ iss: `https://${host}/idb` });
  it.each([
    ['a government cluster', usualToken({ cluster: 'FC82' }), 'government'],
    ['a government cluster in lower case', usualToken({ cluster: 'fc82' }), 'government'],
    [
      'a government cluster of a personal account',
      usualToken({ cluster: 'FC82', orgId: 'consumer' }),
      'government',
    ],
    ['a government token cut at its front', usualToken({ cluster: 'FC82' }).slice(30), 'government'],
    ['a government token cut at its end', usualToken({ cluster: 'FC82' }).slice(0, 80), 'government'],
    ['a commercial cluster', usualToken({ cluster: 'P0A1' }), 'commercial'],
    ['an unknown cluster', usualToken({ cluster: 'ZZ99' }), null],
    ['a JWT with a government cluster', jwtToken({ cluster: 'FC82', realm: acmeOrgId }), 'government'],
    ['a JWT of the government’s broker', jwtToken(at('idbroker-f.webex.com')), 'government'],
    ['a JWT of another government broker', jwtToken(at('idbroker-f-us.webex.com')), 'government'],
    ['a JWT of the commercial broker', jwtToken(at('idbroker.webex.com')), 'commercial'],
    ['a JWT of a regional commercial broker', jwtToken(at('idbroker-b-us.webex.com')), 'commercial'],
    ['a JWT of a commercial broker named like it', jwtToken(at('idbroker-eu-f.webex.com')), 'commercial'],
    ['a JWT of anyone else', jwtToken(at('idbroker-f.webex.com.evil.example')), null],
    ['a JWT with an odd issuer and cluster', jwtToken({ iss: 7, cluster: [] }), null],
    ['a text of no known form', 'fake-token-of-no-known-form', null],
  ])('recognize the deployment of %s', (_, token, deployment) => {
    expect(describeAccessToken(token).deployment).toBe(deployment);
    const other = deployment === 'government' ? 'commercial' : 'government';
    expect(otherDeployment(token, other)).toBe(deployment);
    if (deployment !== null) expect(otherDeployment(token, deployment as Deployment)).toBeNull();
  });

  it('name the deployment and where it comes from in the warning', () => {
    const government = usualToken({ cluster: 'FC82' });
    expect(deploymentWarning(government, 'commercial')).toContain(
      'Webex for Government (according to its cluster FC82)',
    );
    expect(deploymentWarning(jwtToken(at('idbroker.webex.com')), 'government')).toContain(
      'according to its issuer',
    );
    expect(deploymentWarning(government, 'government')).toBeNull();
  });
});
