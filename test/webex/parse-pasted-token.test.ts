import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePastedToken } from '../../src/webex/sign-in/parse-pasted-token.ts';
import { brokerErrorOf } from '../support/broker-error.ts';
import { jwtToken, usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();
const rest = 'token_type=Bearer&expires_in=3887999&state=abc';
const url = `http://localhost:3000/auth/code#access_token=${token}&${rest}`;

describe('parsePastedToken', () => {
  it.each([
    ['a URL', url, 'url'],
    ['a URL without http://', url.slice(7), 'url'],
    ['a fragment', `#access_token=${token}&${rest}`, 'fragment'],
    ['from access_token= on', `access_token=${token}&${rest}`, 'fragment'],
    ['from the token on', `${token}&${rest}`, 'fragment'],
    ['in quotes', `"${url}"`, 'url'],
    ['in angle brackets', ` <${url}>\n`, 'url'],
    [
      'wrapped by a mail program',
      `${url.slice(0, 60)}\r\n  ${url.slice(60, 150)} \n${url.slice(150)}`,
      'url',
    ],
    ['with zero-width spaces', `\ufeff${url.slice(0, 80)}\u200b${url.slice(80)}`, 'url'],
  ])('reads a redirect as %s', (_, input, form) => {
    expect(parsePastedToken(input)).toEqual({
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

  it.each([
    ['a bare token', token, token],
    ['a bare token with a line end', `${token}\n`, token],
    ['a JWT', jwtToken({ realm: 'x' }), jwtToken({ realm: 'x' })],
    ['in quotes', `'${token}'`, token],
    ['Bearer', `Bearer ${token}`, token],
    ['a header', `authorization:  bearer ${token}`, token],
    ['a header in quotes', `"Authorization: Bearer ${token}"`, token],
    ['with the full stop of a sentence', `${token}.`, token],
    ['wrapped', `${token.slice(0, 50)}\n${token.slice(50)}`, token],
    ['a header with spaces', `Authorization : Bearer   ${token}`, token],
    ['between escaped spaces', `&#160;&#32;${token}&#32;`, token],
  ])('reads a token as %s', (_, input, accessToken) => {
    expect(parsePastedToken(input)).toEqual({
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

  it('keeps the padding of a token', () => {
    const { redirect } = parsePastedToken('fake-token-for-acme==');
    expect(redirect).toMatchObject({ kind: 'token', accessToken: 'fake-token-for-acme==' });
  });

  it('removes a full stop only from the end of a token of the usual form', () => {
    const within = `${token.slice(0, 9)}.${token.slice(9)}`;
    for (const text of [within, 'fake-token-for-acme.']) {
      expect(parsePastedToken(text).redirect).toMatchObject({ accessToken: text });
    }
  });

  it('accepts a token of eight characters or more', () => {
    for (const accessToken of ['fake-tok', 'x'.repeat(121)]) {
      expect(parsePastedToken(accessToken).redirect).toMatchObject({ accessToken });
    }
    expect(brokerErrorOf(() => parsePastedToken('fake-to')).code).toBe('E_TOKEN_SYNTAX');
  });

  it('keeps a value that looks like another part of the text', () => {
    const stateOf = (state: string) => {
      const { form, redirect } = parsePastedToken(`access_token=${token}&token_type=Bearer&state=${state}`);
      expect(form).toBe('fragment');
      return redirect.state;
    };
    expect(stateOf('https://x.example/?a#b')).toBe('https://x.example/?a#b');
    expect(stateOf('authorization:bearer')).toBe('authorization:bearer');
    // Decoded twice, this would be an error.
    expect(stateOf('%26error%3Dx')).toBe('&error=x');
  });

  it('accepts a token of an unknown form with a warning', () => {
    const { redirect } = parsePastedToken('fake-token-for-acme-1');
    expect(redirect).toMatchObject({ kind: 'token', accessToken: 'fake-token-for-acme-1' });
    expect(redirect.kind === 'token' && redirect.warnings[0]).toContain('unknown form');
  });

  it('accepts a copy that ends with the token, and warns about what is missing', () => {
    for (const input of [
      `access_token=${token}`,
      `http://localhost:3000/auth/code#access_token=${token}&token_ty`,
      `${token}&`,
    ]) {
      const { redirect } = parsePastedToken(input);
      expect(redirect).toMatchObject({ accessToken: token, expiresIn: null });
      expect(redirect.kind === 'token' && redirect.warnings[0]).toContain('Only a part');
    }
  });

  it('returns an error of the redirect', () => {
    const address = 'http://localhost:3000/auth/code?error=access_denied&state=a';
    for (const text of [address, address.replace('&', '\n&')]) {
      expect(parsePastedToken(text)).toMatchObject({
        form: 'url',
        redirect: { kind: 'error', error: 'access_denied' },
      });
    }
  });
});

describe('parsePastedToken, given something else', () => {
  it.each([
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
    ['another address', 'https://example.com/page', 'E_REDIRECT_NO_TOKEN'],
    ['another parameter', 'fake-token=x', 'E_TOKEN_SYNTAX'],
    ['signs', '=#', 'E_TOKEN_SYNTAX'],
    ['a token with a space in it', `${token.slice(0, 30)} ${token.slice(30)}`, 'E_TOKEN_SYNTAX'],
    ['a word before bearer', 'my-bearer fake-token-for-acme', 'E_TOKEN_SYNTAX'],
    ['a token and much white space', token.padEnd(65_537), 'E_REDIRECT_TOO_LONG'],
  ])('refuses %s', (_, input, code) => {
    expect(brokerErrorOf(() => parsePastedToken(input)).code).toBe(code);
  });
});

/** What happens to an address on its way from the browser to the paste box. */
const manglings: [string, (text: string) => string][] = [
  ['&amp;', (text) => text.replaceAll('&', '&amp;')],
  ['&AMP;', (text) => text.replaceAll('&', '&AMP;')],
  ['&amp;amp;', (text) => text.replaceAll('&', '&amp;amp;')],
  ['&#38;', (text) => text.replaceAll('&', '&#38;')],
  ['&#038;', (text) => text.replaceAll('&', '&#038;')],
  ['&#x26;', (text) => text.replaceAll('&', '&#x26;')],
  ['&amp;#38;', (text) => text.replaceAll('&', '&amp;#38;')],
  ['&#X3D; and &num;', (text) => text.replaceAll('=', '&#X3D;').replaceAll('#access', '&num;access')],
  ['%23', (text) => text.replace('#', '%23')],
  ['%2523', (text) => text.replace('#', '%2523')],
  ['percent encoding of the whole', encodeURIComponent],
  ['double percent encoding of the whole', (text) => encodeURIComponent(encodeURIComponent(text))],
  [
    'a link that a mail filter made',
    (text) => `https://links.example/?url=${encodeURIComponent(text)}&data=05%7C02`,
  ],
  ['quotes', (text) => `"${text}"`],
  ['typographic quotes', (text) => `“${text}”`],
  ['angle brackets', (text) => `<${text}>`],
  ['escaped angle brackets', (text) => `&lt;${text}&gt;`],
  ['escaped quotes', (text) => `&quot;${text}&quot;`],
  ['line breaks', (text) => text.replace(/.{70}/g, '$&\r\n')],
  ['line breaks in a quoted mail', (text) => `> ${text.replace(/.{70}/g, '$&\n> ')}`],
  ['line separators', (text) => text.replace(/.{60}/g, '$&\u2028')],
  ['zero-width characters', (text) => text.replace(/.{9}/g, '$&\u200b\u2060')],
  ['soft hyphens', (text) => text.replace(/.{9}/g, '$&\u00ad')],
  ['escaped soft hyphens', (text) => text.replace(/.{30}/g, '$&&shy;')],
  ['soft hyphens escaped by number', (text) => text.replace(/.{30}/g, '$&&#173;')],
  ['a byte order mark', (text) => `\ufeff${text}`],
  ['white space around', (text) => `\t\n  ${text}\u00a0\r\n`],
];

describe('parsePastedToken, given a URL changed by other programs', () => {
  it.each(manglings)('undoes %s', (_, mangle) => {
    expect(parsePastedToken(mangle(url)).redirect).toMatchObject({
      accessToken: token,
      expiresIn: 3887999,
      state: 'abc',
      warnings: [],
    });
  });

  it('undoes an address that a link of Microsoft contains', () => {
    const link = `https://go.microsoft.com/?url=${encodeURIComponent(url)}`;
    expect(parsePastedToken(link).redirect).toMatchObject({ accessToken: token });
  });

  it('undoes at most five encodings', () => {
    const encoded = (times: number) => url.replaceAll('&', `&${'amp;'.repeat(times)}`);
    expect(parsePastedToken(encoded(5)).redirect).toMatchObject({ expiresIn: 3887999 });
    expect(parsePastedToken(encoded(6)).redirect).toMatchObject({ expiresIn: null });
  });

  it.each([10, 31, 127, 128])('keeps an escaped character that no address contains: %i', (code) => {
    const text = `${token.slice(0, 50)}&#${code};${token.slice(50)}`;
    expect(brokerErrorOf(() => parsePastedToken(text)).code).toBe('E_REDIRECT_NO_TOKEN');
  });

  it('undoes any of these changes inside quotes, brackets or line breaks', () => {
    const some = fc.constantFrom(...manglings.map(([, mangle]) => mangle));
    const filler = fc.stringMatching(/^[A-Za-z0-9_-]{64}$/);
    fc.assert(
      fc.property(filler, some, fc.constantFrom('"', '<', '\n', '\u200b'), (own, mangle, mark) => {
        const accessToken = [own, 'PF84', token.slice(-36)].join('_');
        const address = `http://localhost:3000/auth/code#access_token=${accessToken}&${rest}`;
        const redirect = parsePastedToken(`${mark}${mangle(address)}${mark === '<' ? '>' : mark}`).redirect;
        expect(redirect).toMatchObject({ accessToken, expiresIn: 3887999, state: 'abc' });
      }),
    );
  });
});

describe('parsePastedToken, given a placeholder', () => {
  it.each([
    '<Copy this bearer token>',
    'Copy this bearer token',
    '{sample_token}',
    '{{access_token}}',
    '(your token)',
    'x'.repeat(120),
    'your--token',
    '[your token]',
    '<your-token-here>',
    'YOUR_TOKEN',
    'YOUR_ACCESS_TOKEN_HERE',
    'yourAccessToken',
    'paste the token here',
    'BEARER_TOKEN',
    'Bearer YOUR_TOKEN',
    '$WEBEX_TOKEN',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a script
    '${TOKEN}',
    '%TOKEN%',
    'xxxxxxxxxxxx',
    '************',
    '••••••••••••',
    'this-should-be-a-random-string-for-security-purpose',
    'a35bfbc6-ccbd-4a17-a488-72gf46c5420c',
    `${'A'.repeat(64)}_PF84_a35bfbc6-ccbd-4a17-a488-72gf46c5420c`,
  ])('recognizes the placeholder %s, alone and in a URL', async (placeholder) => {
    const codes = ['E_REDIRECT_SAMPLE', 'E_REDIRECT_ORGANIZATION_ID'];
    const address = `http://localhost:3000/auth/code#access_token=${encodeURIComponent(placeholder)}&${rest}`;
    for (const input of [placeholder, `"${placeholder}"`, `${placeholder}\n`, address]) {
      const error = await brokerErrorOf(() => parsePastedToken(input));
      expect(codes).toContain(error.code);
      expect(error.message).not.toContain('\n');
    }
  });
});

describe('parsePastedToken, given expires_in', () => {
  const withLifetime = (value: string) => `#access_token=${token}&token_type=Bearer${value}`;
  it.each([
    '',
    '&expires_in=',
    '&expires_in=0',
    '&expires_in=000',
    '&expires_in=-1',
    '&expires_in=315360001',
    '&expires_in=9007199254740993',
    '&expires_in=soon',
    '&expires_in=NaN',
    '&expires_in=Infinity',
    '&expires_in=1e3',
    '&expires_in=3600.5',
    '&expires_in=0x10',
    '&expires_in=%2B3600',
    '&expires_in=%D9%A3',
  ])('ignores an invalid value: %s', (value) => {
    for (const text of [withLifetime(value), withLifetime(value).replace('&token_type=Bearer', '')]) {
      const { redirect } = parsePastedToken(text);
      expect(redirect).toMatchObject({ kind: 'token', expiresIn: null });
      expect(redirect.kind === 'token' && redirect.warnings.join()).toContain('expires_in');
    }
  });

  it.each(['1', '3887999', '315360000'])('accepts the valid value %s', (value) => {
    const { redirect } = parsePastedToken(withLifetime(`&expires_in=${value}`));
    expect(redirect).toMatchObject({ expiresIn: Number(value), warnings: [] });
  });
});
