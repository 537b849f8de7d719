import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { isUuid, parseOrganizationId, toWebexOrganizationId } from '../../src/webex/organization-id.ts';
import { anyText } from '../support/any-text.ts';
import { brokerErrorOf, shown } from '../support/broker-error.ts';
import { acmeOrgId as id, usualToken } from '../support/webex/fake-tokens.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('parseOrganizationId', () => {
  const wrappings: ((text: string) => string)[] = [
    (text) => text,
    (text) => `  ${text}\r\n`,
    (text) => `"${text}"`,
    (text) => `{${text}}`,
    (text) => `Organization ID: ${text}`,
    (text) => `\u200b${text}.`,
  ];
  const forms: ((orgId: string) => string)[] = [
    (orgId) => orgId,
    (orgId) => orgId.toUpperCase(),
    (orgId) => orgId.replaceAll('-', ''),
    (orgId) => `urn:uuid:${orgId}`,
    (orgId) => `ciscospark://us/ORGANIZATION/${orgId}`,
    (orgId) => `ciscospark://urn:TEAM:eu-central-1_k/ORGANIZATION/${orgId}`,
    toWebexOrganizationId,
    (orgId) => base64(`ciscospark://us/ORGANIZATION/${orgId}`),
    (orgId) => base64(`ciscospark://us-gov-west-1/ORGANIZATION/${orgId.toUpperCase()}`),
    (orgId) => `https://api.ciscospark.com/v1/scim/${orgId}`,
    (orgId) => `https://api-usgov.webex.com/v1/scim/${orgId}/`,
    (orgId) => `https://webexapis.com/identity/scim/${orgId}/v2/Users?count=1`,
    (orgId) => `https://webexapis.com/v1/organizations/${toWebexOrganizationId(orgId)}`,
    (orgId) => `https://admin.webex.com/overview?orgId=${orgId}&a=b`,
    (orgId) => `http://127.0.0.1:4000/v1/scim/${orgId}/Users`,
  ];

  it('reads every form in every wrapping', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.constantFrom(...forms),
        fc.constantFrom(...wrappings),
        (orgId, form, wrap) => {
          expect(parseOrganizationId(wrap(form(orgId)))).toBe(orgId);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads the documented form of the Webex API', () => {
    expect(toWebexOrganizationId(id)).toBe(base64(`ciscospark://us/ORGANIZATION/${id}`).replace(/=+$/, ''));
    expect(isUuid(id)).toBe(true);
    expect(isUuid(` ${id}`)).toBe(false);
  });
});

describe('parseOrganizationId, given something else', () => {
  const example = 'a35bfbc6-ccbd-4a17-a488-72gf46c5420c';
  it.each([
    ['', 'The organization ID is empty'],
    [example, 'the example from Cisco’s guide'],
    [`https://api.ciscospark.com/v1/scim/${example}`, 'the example from Cisco’s guide'],
    ['https://api.ciscospark.com/v1/scim/OrgId', 'placeholder'],
    ['https://api.ciscospark.com/v1/scim/[OrgId]', 'placeholder'],
    ['https://api.ciscospark.com/v1/scim/{OrgId}', 'placeholder'],
    ['OrgId', 'placeholder'],
    [id.slice(1), '35 characters'],
    [`${id}0`, '37 characters'],
    [id.replace('8', 'o'), 'letter other than a to f'],
    ['acme.example', 'domain name'],
    ['acme.webex.com', 'Webex site'],
    ['https://acme.webex.com/', 'does not contain an organization ID'],
    ['admin@acme.example', 'email'],
    [`https://login.microsoftonline.com/${id}/`, 'Entra tenant'],
    [`https://admin.webex.com/users/${id}`, 'does not contain an organization ID'],
    [base64(`ciscospark://us/PEOPLE/${id}`), 'the ID of a person'],
    ['ciscospark://us/ORGANIZATION/nonsense', 'not an organization ID'],
    ['Acme Incorporated', 'not an organization ID'],
  ])('explains why "%s" is not an organization ID', (given, explanation) => {
    const error = brokerErrorOf(() => parseOrganizationId(given));
    expect(error.code).toBe('E_ORGANIZATION_ID');
    expect(error.message).toContain(explanation);
    expect(error.help).toContain('Control Hub');
  });

  it('does not repeat a token', () => {
    const error = brokerErrorOf(() => parseOrganizationId(usualToken()));
    expect(error.message).toContain('looks like a token');
    expect(shown(error)).not.toContain(usualToken());
  });
});

describe('parseOrganizationId, given any text', () => {
  it('throws only E_ORGANIZATION_ID, and never repeats the input', () => {
    const piece = fc.oneof(
      anyText({ maxLength: 40 }),
      fc.constantFrom(
        'https://',
        'ciscospark://us/',
        'ORGANIZATION/',
        '/scim/',
        id,
        '%',
        '?orgId=',
        'Y2lzY29zcGFyazovL3',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const input = `fake-secret-${pieces.join('')}`;
        for (const given of [input, pieces.join('')]) {
          try {
            expect(parseOrganizationId(given)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
          } catch (error) {
            if (!(error instanceof BrokerError)) throw error;
            expect(error.code).toBe('E_ORGANIZATION_ID');
            expect(shown(error)).not.toContain('fake-secret-');
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
