import { describe, expect, test } from 'vitest';
import { parseImport } from '../../src/webex/import.ts';
import { brokerErrorOf } from './broker-error.ts';
import { jwtToken, usualToken } from './fake-tokens.ts';

const token = usualToken();
const rest = 'token_type=Bearer&expires_in=3887999&state=abc';
const url = `http://localhost:3000/auth/code#access_token=${token}&${rest}`;

describe('the forms', () => {
  test.each([
    ['a URL', url, 'url'],
    ['a URL without http://', url.slice(7), 'url'],
    ['a fragment', `#access_token=${token}&${rest}`, 'fragment'],
    ['from access_token= on', `access_token=${token}&${rest}`, 'fragment'],
    ['from the token on', `${token}&${rest}`, 'fragment'],
    ['in quotes', `"${url}"`, 'url'],
    ['in angle brackets', ` <${url}>\n`, 'url'],
    ['wrapped by a mail program', `${url.slice(0, 60)}\r\n  ${url.slice(60, 150)}\n${url.slice(150)}`, 'url'],
    ['with zero-width spaces', `\ufeff${url.slice(0, 80)}\u200b${url.slice(80)}`, 'url'],
  ])('%s', (_, input, form) => {
    expect(parseImport(input)).toEqual({
      form,
      redirect: {
        kind: 'token',
        accessToken: token,
        expiresIn: 3887999,
        scope: null,
        state: 'abc',
        issuer: null,
        warnings: [],
      },
    });
  });

  test.each([
    ['a bare token', token, token],
    ['a bare token with a line end', `${token}\n`, token],
    ['a JWT', jwtToken({ realm: 'x' }), jwtToken({ realm: 'x' })],
    ['in quotes', `'${token}'`, token],
    ['Bearer', `Bearer ${token}`, token],
    ['a header', `authorization:  bearer ${token}`, token],
    ['a header in quotes', `"Authorization: Bearer ${token}"`, token],
    ['with the full stop of a sentence', `${token}.`, token],
    ['wrapped', `${token.slice(0, 50)}\n${token.slice(50)}`, token],
  ])('%s', (_, input, accessToken) => {
    expect(parseImport(input)).toEqual({
      form: 'token',
      redirect: {
        kind: 'token',
        accessToken,
        expiresIn: null,
        scope: null,
        state: null,
        issuer: null,
        warnings: [],
      },
    });
  });

  test('padding belongs to the token', () => {
    const { redirect } = parseImport('fake-token-for-acme==');
    expect(redirect).toMatchObject({ kind: 'token', accessToken: 'fake-token-for-acme==' });
  });

  test('a token of an unknown form is taken with a warning', () => {
    const { redirect } = parseImport('fake-token-for-acme-1');
    expect(redirect).toMatchObject({ kind: 'token', accessToken: 'fake-token-for-acme-1' });
    expect(redirect.kind === 'token' && redirect.warnings[0]).toContain('not of a form');
  });

  test('a copy that ends with the token is taken, and what is missing is said', () => {
    for (const input of [
      `access_token=${token}`,
      `http://localhost:3000/auth/code#access_token=${token}&token_ty`,
    ]) {
      const { redirect } = parseImport(input);
      expect(redirect).toMatchObject({ accessToken: token, expiresIn: null });
      expect(redirect.kind === 'token' && redirect.warnings[0]).toContain('Only a part');
    }
  });

  test('an error is handed on', () => {
    expect(parseImport('http://localhost:3000/auth/code?error=access_denied&state=a')).toMatchObject({
      form: 'url',
      redirect: { kind: 'error', error: 'access_denied' },
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['two tokens', `${token}\n${token}`, 'E_REDIRECT_LINES'],
    ['a token and a word', `${token}\nThanks`, 'E_REDIRECT_LINES'],
    ['lines of an unknown form', 'fake-token\nfor-acme', 'E_REDIRECT_LINES'],
    ['another token type', `access_token=${token}&token_type=mac`, 'E_TOKEN_TYPE'],
    ['a sentence', 'I have no token yet', 'E_TOKEN_SYNTAX'],
    ['a word', 'yes', 'E_TOKEN_SYNTAX'],
    ['an e-mail address', 'admin@acme.example', 'E_TOKEN_SYNTAX'],
    ['the sample', '{sample_token}', 'E_REDIRECT_SAMPLE'],
    ['a page', '<!doctype html>\n<html lang="en"><p>a=b&c=d#access_token=x', 'E_REDIRECT_HTML'],
    ['the organization ID', '00000000-1111-4222-8333-444444444444', 'E_REDIRECT_ORGANIZATION_ID'],
    [
      'the client ID',
      'C4ca14fe00b0e51efb414ebd45aa88c1858c3bfb949b2405dba10b0ca4bc37402',
      'E_REDIRECT_CLIENT_ID',
    ],
    ['nothing', ' \n', 'E_REDIRECT_EMPTY'],
  ])('%s', (_, input, code) => {
    expect(brokerErrorOf(() => parseImport(input)).code).toBe(code);
  });
});
