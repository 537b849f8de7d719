import { describe, expect, it } from 'vitest';
import { statusLabel } from '../../src/cli/terminal/status-label.ts';
import { findingOf } from '../../src/domain/assess-token.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';

const account = { id: 'p', displayName: 'Ben', email: null, orgId: 'acme', admin: 'full' } as const;
const profile = fakeProfile({ orgId: 'acme' });

describe('statusLabel', () => {
  it.each([
    ['valid', { account }],
    ['valid, wrong organization', { account: { ...account, orgId: 'globex' } }],
    ['valid, not a full administrator', { account: { ...account, admin: 'other' as const } }],
    ['valid, wrong organization', { account: null, orgId: 'globex' }],
    ['valid', { account: null, orgId: null }],
  ])('is "%s" for a token of %j', (label, changes) => {
    expect(statusLabel({ status: 'valid', finding: findingOf(profile, fakeToken(changes)) })).toBe(label);
  });
});
