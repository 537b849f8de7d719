import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../src/provisioning/entra/auth/sign-in-advice.ts';
import { graphError } from '../../src/provisioning/entra/graph/errors.ts';

const failure = {
  reason: 'unauthorized' as const,
  host: 'graph.microsoft.com',
  status: 401,
  detail: null,
  retryAfterSeconds: null,
  trackingId: null,
  body: undefined,
};

describe('adviceFor', () => {
  it.each([
    ['50097', /managed or compliant device/],
    ['50005', /managed or compliant device/],
    ['50076', /multifactor authentication/],
    ['50158', /another sign-in service/],
    ['53003', /Conditional Access/],
    ['530032', /Conditional Access/],
    ['65001', /consent/],
    ['7000218', /Allow public client flows/],
    ['7000222', /has expired/],
    ['50105', /Assign this account/],
  ])('says what to do about AADSTS%s if a person signs in', (code, expected) => {
    expect(adviceFor(`AADSTS${code}: Words of Microsoft. Trace ID: 1`, 'device-code')).toMatch(expected);
  });

  it('does not tell an application that signs in by itself to use an application', () => {
    const advice = adviceFor('AADSTS53003: Access has been blocked.', 'client-secret');
    expect(advice).toMatch(/workload identities/);
  });

  it.each(['AADSTS999999: Something new.', 'No code at all.', 'AADSTS5300: Cut off.'])(
    'has no advice for: %s',
    (message) => {
      expect(adviceFor(message, 'device-code')).toBeNull();
    },
  );

  it('uses the first code that it knows', () => {
    expect(adviceFor('AADSTS1: x. Inner: AADSTS50126: y', 'device-code')).toMatch(/password was wrong/);
  });
});

describe('graphError', () => {
  it('names the permission if the provisioning API responds with 401', () => {
    const error = graphError(failure, '/servicePrincipals/x/synchronization/secrets');
    expect(error.message).toContain('does not allow this sign-in to manage provisioning');
    expect(error.help).toContain('Synchronization.ReadWrite.All');
  });

  it('asks to sign in again if another path responds with 401', () => {
    expect(graphError(failure, '/servicePrincipals').help).toMatch(/^Sign in again/);
  });
});
