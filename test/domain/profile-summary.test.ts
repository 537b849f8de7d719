import { describe, expect, it } from 'vitest';
import { describeProfile, summarize } from '../../src/domain/profile-summary.ts';
import { publishedEndpoints } from '../../src/webex/deployments.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { acmeOrgId } from '../support/webex/fake-tokens.ts';

const now = Date.UTC(2027, 2, 1);
const day = 86_400_000;
const endpoints = publishedEndpoints.government;

describe('summarize', () => {
  it('counts to the end of the earlier token for a profile that was renewed but not delivered', () => {
    const documented = now + 365 * day;
    const token = fakeToken({ lifetimes: { confirmed: null, reported: null, documented } });
    const undelivered = fakeProfile({ undeliveredUntil: now + 25.5 * day });
    expect(summarize(undelivered, token, endpoints, now)).toMatchObject({
      status: 'undelivered',
      expiresAt: '2028-02-29T00:00:00.000Z',
      effectiveExpiresAt: '2027-03-26T12:00:00.000Z',
      daysLeft: 25,
    });
    // Delivering a token that has expired or is rejected would not help.
    expect(summarize(undelivered, token, endpoints, documented)).toMatchObject({
      status: 'expired',
      effectiveExpiresAt: '2028-02-29T00:00:00.000Z',
      daysLeft: 0,
    });
    expect(summarize(undelivered, { ...token, rejectedAt: now }, endpoints, now).status).toBe('rejected');
  });

  it('has every field for a profile without a token', () => {
    const profile = fakeProfile({ name: 'gov', deployment: 'government', scopes: ['a', 'b'] });
    expect(summarize(profile, null, endpoints, now)).toEqual({
      profile: 'gov',
      displayName: null,
      contact: null,
      tags: [],
      finding: null,
      deployment: 'government',
      orgId: null,
      tenantUrl: null,
      account: null,
      status: 'empty',
      capturedAt: null,
      expiresAt: null,
      effectiveExpiresAt: null,
      daysLeft: null,
      expirySource: null,
      scopes: ['a', 'b'],
    });
  });

  it('has instants in RFC 3339 and the tenant URL of the deployment for a profile with a token', () => {
    const profile = fakeProfile({ name: 'gov', deployment: 'government', orgId: acmeOrgId });
    const token = fakeToken({
      capturedAt: now,
      lifetimes: { confirmed: null, reported: now + 10.5 * day, documented: now + 365 * day },
      scopes: ['given'],
      account: { id: '1', displayName: 'Ada', email: 'ada@acme.example', orgId: acmeOrgId, admin: 'full' },
    });
    const earlier = fakeToken({ state: 'previous', capturedAt: now - day, reviewReason: null });
    const details = describeProfile(profile, [token, earlier], endpoints, now);
    expect(details).toMatchObject({
      tenantUrl: `https://api-usgov.webex.com/v1/scim/${acmeOrgId}`,
      account: 'ada@acme.example',
      status: 'expiring',
      capturedAt: '2027-03-01T00:00:00.000Z',
      expiresAt: '2027-03-11T12:00:00.000Z',
      effectiveExpiresAt: '2027-03-11T12:00:00.000Z',
      daysLeft: 10,
      expirySource: 'reported',
      scopes: ['given'],
      lifetimes: {
        confirmed: null,
        reported: '2027-03-11T12:00:00.000Z',
        documented: '2028-02-29T00:00:00.000Z',
      },
      tokens: [
        { id: token.id, state: 'current', admin: 'full', accountName: 'Ada' },
        { id: earlier.id, state: 'previous', admin: 'unknown', accountName: null },
      ],
    });
    expect(Object.keys(summarize(profile, token, endpoints, now))).toEqual(
      Object.keys(summarize(profile, null, endpoints, now)),
    );
  });

  it('names a person without an email address', () => {
    const account = { id: '1', displayName: 'Ada', email: null, orgId: acmeOrgId, admin: 'full' as const };
    expect(summarize(fakeProfile(), fakeToken({ account }), endpoints, now).account).toBe('Ada');
  });
});
