import { describe, expect, it } from 'vitest';
import { documentedClientId, documentedState } from '../../src/webex/documented-values.ts';
import { parseRedirect } from '../../src/webex/sign-in/redirect.ts';
import { brokerErrorOf } from '../support/broker-error.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();
const address = 'http://localhost:3000/auth/code';
const success = `access_token=${token}&token_type=Bearer&expires_in=3887999&state=abc`;

const captured = (input: string) => {
  const redirect = parseRedirect(input);
  if (redirect.kind !== 'token') throw new Error('not a token');
  return redirect;
};
const refused = (input: string) => brokerErrorOf(() => parseRedirect(input)).code;

describe('parseRedirect', () => {
  it.each([
    ['the whole URL', `${address}#${success}`],
    ['the URL without http://', `localhost:3000/auth/code#${success}`],
    ['the fragment', `#${success}`],
    ['the fragment without #', success],
    ['white space around', `\n  #${success}\r\n`],
  ])('reads %s', (_, input) => {
    expect(parseRedirect(input)).toEqual({
      kind: 'token',
      accessToken: token,
      expiresIn: 3887999,
      scope: null,
      state: 'abc',
      issuer: null,
      warnings: [],
    });
  });

  it('refuses a token in the query', () => {
    expect(refused(`${address}?${success}`)).toBe('E_REDIRECT_QUERY');
    expect(refused(`?${success}`)).toBe('E_REDIRECT_QUERY');
    expect(refused(`${address}?state=abc&${success.replace('&state=abc', '')}`)).toBe('E_REDIRECT_QUERY');
  });

  it('reads no parameter from the path of a URL', () => {
    expect(captured(`http://localhost:3000/a=b#${success}`).accessToken).toBe(token);
    expect(captured(`http://localhost:3000/&error=x#${success}`).accessToken).toBe(token);
  });

  it('keeps the characters of a URL in a value', () => {
    const odd = 'http://x.example/?error=x#y';
    for (const start of ['', '#', `${address}#`]) {
      expect(captured(`${start}${success.replace('abc', odd)}`).state).toBe(odd);
    }
  });
});

describe('parseRedirect, by RFC 6749 section 4.2.2', () => {
  it('ignores unknown parameters in any encoding', () => {
    const noise = 'id_token=x&=&&&foo&foo=%ZZ&foo=1&%=1&__proto__=1&constructor=2';
    expect(captured(`#${noise}&${success}&${noise}`)).toEqual(captured(success));
  });

  it.each([
    'access_token=other',
    'token_type=Bearer',
    'expires_in=1',
    'state=abc',
    'state',
    'access%5Ftoken=x',
  ])('refuses a repeated parameter: %s', (again) => {
    const error = brokerErrorOf(() => parseRedirect(`#${success}&${again}`));
    expect(error.code).toBe('E_REDIRECT_DUPLICATE');
    expect(error.message).toContain(`“${decodeURIComponent(again).replace(/=.*/, '')}”`);
  });

  it('decodes + as a space and %2B as a plus sign', () => {
    const redirect = captured(
      `#${success.replace('abc', 'a+b%2Bc%20d')}&scope=spark%3Apeople_read+Identity%3ASCIM`,
    );
    expect(redirect.state).toBe('a b+c d');
    expect(redirect.scope).toBe('spark:people_read Identity:SCIM');
  });

  it.each(['%', '%4', '%ZZ', '%C3', '%FF%FE'])('refuses the invalid encoding %s', (damaged) => {
    const error = brokerErrorOf(() => parseRedirect(`#${success}${damaged}`));
    expect(error.code).toBe('E_REDIRECT_ENCODING');
    expect(error.message).toContain('“state”');
  });

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('accepts the token_type %s', (type) => {
    expect(captured(success.replace('Bearer', type)).accessToken).toBe(token);
  });

  it.each(['token_type=mac', 'token_type=', 'token_type', 'token_type=Bearer%20x', 'x=y'])(
    'refuses another token type: %s',
    (type) => {
      expect(refused(success.replace('token_type=Bearer', type))).toBe('E_TOKEN_TYPE');
    },
  );

  it('names a wrong token type, unless it is so long that it could be a part of the token', () => {
    const message = (type: string, accessToken = token) =>
      brokerErrorOf(() => parseRedirect(`access_token=${accessToken}&${type}`)).message;
    expect(message('x=y')).toContain('has no token type,');
    expect(message(`token_type=${'m'.repeat(20)}`)).toContain(`the token type “${'m'.repeat(20)}”`);
    expect(message(`token_type=${'m'.repeat(21)}`)).toContain('has another token type,');
    expect(message('token_type=fake-token-1', 'fake-token-1')).not.toContain('fake-token-1');
  });

  it('returns iss (RFC 9207)', () => {
    expect(captured(`${success}&iss=https%3A%2F%2Fidbroker-f.webex.com%2Fidb`).issuer).toBe(
      'https://idbroker-f.webex.com/idb',
    );
  });

  it('returns null for a missing or empty state', () => {
    expect(captured(success.replace('&state=abc', '')).state).toBeNull();
    expect(captured(success.replace('&state=abc', '&state=')).state).toBeNull();
  });
});

describe('parseRedirect, given expires_in', () => {
  it.each([
    ['1', 1],
    ['3887999', 3887999],
    ['31536000', 31536000],
    ['315360000', 315360000],
  ])('accepts %s', (given, seconds) => {
    const redirect = captured(success.replace('3887999', given));
    expect(redirect).toMatchObject({ expiresIn: seconds, warnings: [] });
  });

  it.each([
    ['0', 'zero'],
    ['-5', 'negative'],
    ['315360001', 'more than ten years'],
    ['999999999999999999999999', 'more than ten years'],
    ['1.5', 'not a whole number'],
    ['1e3', 'not a number'],
    ['0x10', 'not a number'],
    ['NaN', 'not a number'],
    ['soon', 'not a number'],
    ['%20', 'not a number'],
    ['%E2%81%A31', 'not a number'],
  ])('warns about the invalid value %s and leaves it out', (given, fault) => {
    const redirect = captured(success.replace('3887999', given));
    expect(redirect.expiresIn).toBeNull();
    expect(redirect.warnings).toHaveLength(1);
    expect(redirect.warnings[0]).toContain(fault);
    if (/^[\w.-]+$/.test(given)) expect(redirect.warnings[0]).toContain(`“${given}”`);
  });

  it.each(['', '&expires_in', '&expires_in='])('warns that it is missing (%s)', (given) => {
    const redirect = captured(success.replace('&expires_in=3887999', given));
    expect(redirect.expiresIn).toBeNull();
    expect(redirect.warnings[0]).toContain('did not report when the token expires');
  });

  it('shows a misleading value short and without control characters', () => {
    const [warning = ''] = captured(
      success.replace('3887999', `%1B%5B31m%E2%80%AEx${'y%20'.repeat(500)}`),
    ).warnings;
    expect(warning.length).toBeLessThan(200);
    expect(warning).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('parseRedirect, given a token', () => {
  it.each([
    'a%20b',
    'a+b',
    'a%0D%0AX-Injected:1',
    'a%00',
    'a%22b',
    '%C3%A9',
    'a=b',
    '=',
    "a'b",
    'a%3Bb',
    'a,b',
  ])('refuses %s', (bad) => {
    expect(refused(success.replace(token, bad))).toBe('E_TOKEN_SYNTAX');
  });

  it('limits its length', () => {
    expect(captured(success.replace(token, 'x'.repeat(16_384))).accessToken).toHaveLength(16_384);
    expect(refused(success.replace(token, 'x'.repeat(16_385)))).toBe('E_TOKEN_SYNTAX');
    const filled = (length: number) => `${success}&x=`.padEnd(length, 'x');
    expect(captured(filled(65_536)).accessToken).toBe(token);
    expect(refused(filled(65_537))).toBe('E_REDIRECT_TOO_LONG');
  });

  it('accepts an incomplete token with a warning', () => {
    const cut = token.slice(0, 90);
    const redirect = captured(success.replace(token, cut));
    expect(redirect.accessToken).toBe(cut);
    expect(redirect.warnings[0]).toMatch(/end of the token seems to be missing.*90 characters.*106/);
  });
});

describe('parseRedirect, given an error', () => {
  const denied =
    'error=access_denied&error_description=The+resource%20owner&error_uri=https%3A%2F%2Fexample.com%2Fe&state=abc';
  const expected = {
    kind: 'error',
    error: 'access_denied',
    description: 'The resource owner',
    uri: 'https://example.com/e',
    state: 'abc',
    issuer: null,
  };

  it.each([
    `${address}#${denied}`,
    `${address}?${denied}`,
    `?${denied}`,
    `#${denied}`,
    denied,
    `${address}?${denied}#`,
    `${address}?${denied}#_=_`,
  ])('reads %s', (input) => {
    expect(parseRedirect(input)).toEqual(expected);
  });

  it.each([
    ['http://example.com/e', 'http://example.com/e'],
    ['ftp://example.com/e', null],
    ['xhttps://example.com/e', null],
    ['https://someone@example.com/', null],
    ['https://:secret@example.com/', null],
    [`https://example.com/${'e'.repeat(300)}`, null],
    ['', null],
  ])('shows the error_uri %s only if it is a short web address without a user', (uri, shown) => {
    expect(parseRedirect(`?error=x&error_uri=${encodeURIComponent(uri)}`)).toMatchObject({ uri: shown });
  });

  it('makes its texts safe to show', () => {
    const hostile =
      '?error=%1B%5B2Jx%E2%80%AE&error_description=%0A%00<b>%0D' +
      `y%20`.repeat(900) +
      '&error_uri=javascript:alert(1)';
    const redirect = parseRedirect(hostile);
    expect(redirect).toMatchObject({ kind: 'error', error: '[2Jx', uri: null });
    if (redirect.kind === 'error') {
      expect(redirect.description?.length).toBeLessThanOrEqual(300);
      expect(redirect.description).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('refuses a token together with an error', () => {
    expect(refused(`${address}?error=x#${success}`)).toBe('E_REDIRECT_CONTRADICTION');
    expect(refused(`#${success}&error=x`)).toBe('E_REDIRECT_CONTRADICTION');
  });
});

describe('parseRedirect, given something else', () => {
  it.each([
    [
      'the sample of the documents',
      `${address}#access_token={sample_token}&token_type=Bearer&expires_in=3887999&state=this-should-be-a-random-string-for-security-purpose`,
      'E_REDIRECT_SAMPLE',
    ],
    [
      'the sample, as browsers write it',
      `${address}#access_token=%7Bsample_token%7D&token_type=Bearer`,
      'E_REDIRECT_SAMPLE',
    ],
    [
      'the sign-in address',
      'https://idbroker.webex.com/idb/oauth2/v1/authorize?response_type=token&client_id=C1&state=x',
      'E_REDIRECT_AUTHORIZE_URL',
    ],
    [
      'Microsoft’s sign-in address',
      'https://idbroker.webex.com/idb/saml2/jsp/doSSO.jsp?type=login&goto=https%3A%2F%2Fidbroker.webex.com',
      'E_REDIRECT_AUTHORIZE_URL',
    ],
    ['a page', '<!DOCTYPE html>\n<html><a href="#access_token=x&y=1">', 'E_REDIRECT_HTML'],
    [
      'the tenant URL',
      'https://api.ciscospark.com/v1/scim/00000000-1111-4222-8333-444444444444',
      'E_REDIRECT_TENANT_URL',
    ],
    [
      'an address of Entra',
      'https://login.microsoftonline.com/00000000-1111-4222-8333-444444444444/',
      'E_REDIRECT_TENANT_URL',
    ],
    ['an authorization code', `${address}?code=abc&state=x`, 'E_REDIRECT_CODE'],
    ['the address without its end', address, 'E_REDIRECT_NO_FRAGMENT'],
    ['the address without its end but #', `${address}#`, 'E_REDIRECT_NO_FRAGMENT'],
    ['nothing', '', 'E_REDIRECT_EMPTY'],
    ['an empty fragment', '#', 'E_REDIRECT_EMPTY'],
    ['something else', 'https://example.com/?a=b', 'E_REDIRECT_NO_TOKEN'],
    ['half a response', '#token_type=Bearer&state=abc', 'E_REDIRECT_NO_TOKEN'],
    ['an empty token', '#access_token=&token_type=Bearer', 'E_REDIRECT_NO_TOKEN'],
    ['the documented state', `\n${documentedState} `, 'E_REDIRECT_SAMPLE'],
    ['the documented client ID', `\n${documentedClientId} `, 'E_REDIRECT_CLIENT_ID'],
    ['an organization ID', '\n00000000-1111-4222-8333-444444444444 ', 'E_REDIRECT_ORGANIZATION_ID'],
    ['a page after a line break', '\n <html lang="en">', 'E_REDIRECT_HTML'],
    ['a sentence about a page', 'this is <html>', 'E_REDIRECT_NO_TOKEN'],
    ['an http address of Microsoft', ' http://portal.azure.com/', 'E_REDIRECT_TENANT_URL'],
    ['a sentence with an address', 'see https://portal.azure.com/', 'E_REDIRECT_NO_TOKEN'],
    ['the tenant URL with http', ' http://webexapis.com/identity/scim/x/v2', 'E_REDIRECT_TENANT_URL'],
    ['a sentence with the tenant URL', 'see https://webexapis.com/identity/scim/', 'E_REDIRECT_NO_TOKEN'],
    ['a masked token', ' •••••• ', 'E_REDIRECT_SAMPLE'],
    ['a code without an address', 'code=abc', 'E_REDIRECT_CODE'],
    ['another parameter than a code', 'zip_code=abc', 'E_REDIRECT_NO_TOKEN'],
    ['the address without its end, in lines', `\n ${address} \n`, 'E_REDIRECT_NO_FRAGMENT'],
    ['a sentence with the address', `see ${address}`, 'E_REDIRECT_NO_TOKEN'],
    ['a longer address', `${address}/help`, 'E_REDIRECT_NO_TOKEN'],
  ])('recognizes %s', (_, input, code) => {
    const error = brokerErrorOf(() => parseRedirect(input));
    expect(error.code).toBe(code);
    expect(error.help).toBeTruthy();
  });
});
