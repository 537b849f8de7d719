import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors/error-codes.ts';
import { refusals } from '../../src/relay/request/refusals.ts';
import { auditOutcome, isOutcomeFilter, outcomeFilters } from '../../src/store/audit/outcomes.ts';

describe('auditOutcome', () => {
  it.each([
    ['read', 'ok', 'Done', 'ok'],
    ['prune', 'rows up to 3 removed, abc', 'Done', 'ok'],
    ['push', 'canceled', 'Canceled', 'note'],
    ['push', 'okta-manual', 'To be finished by hand', 'note'],
    ['verify', 'unverified: network', 'Not verified yet: Network error', 'note'],
    ['verify', 'rejected', 'Rejected by Webex', 'failed'],
    ['read', 'invalid_client, 12 more', 'Wrong credentials, 12 more times', 'failed'],
    ['read', 'expired', 'Token expired', 'failed'],
    ['remove-token', 'expired', 'Deleted after it expired', 'note'],
    ['relay', 'not-found', 'Unknown path', 'failed'],
    ['check', 'not-found', 'Not found by Webex', 'failed'],
    ['capture', 'state_unknown', errorCodes.E_STATE_UNKNOWN.title, 'failed'],
    ['push', 'ambiguous-app', 'Application not chosen', 'note'],
    ['push', 'entra-app', errorCodes.E_ENTRA_APP.title, 'failed'],
    ['push', 'something-new', 'something-new', 'failed'],
    ['push', 'constructor', 'constructor', 'failed'],
  ])('describes %s with the outcome %j', (action, outcome, text, kind) => {
    expect(auditOutcome(action, outcome)).toEqual({ text, kind });
  });

  it('has a text for every reason for which the relay refuses a request', () => {
    for (const each of Object.values(refusals)) {
      const { code } =
        typeof each === 'function' ? (each as (value: never) => { code: string })([] as never) : each;
      expect(auditOutcome('relay', code).text).not.toBe(code);
    }
  });
});

describe('outcomeFilters', () => {
  it('start with success and failure, and name each code once', () => {
    const values = outcomeFilters.map(({ value }) => value);
    expect(values.slice(0, 2)).toEqual(['ok', 'failed']);
    expect(new Set(values).size).toBe(values.length);
    expect(values.every(isOutcomeFilter)).toBe(true);
    expect(isOutcomeFilter('entra-app')).toBe(true);
    expect(isOutcomeFilter('nonsense')).toBe(false);
  });
});
