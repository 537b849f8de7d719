import { describe, expect, it } from 'vitest';
import { isExcluded } from '../../src/http/connect/no-proxy.ts';
import { proxyFor } from '../../src/http/connect/proxy.ts';

describe('isExcluded', () => {
  it.each([
    ['*', 'webexapis.com', true],
    ['webexapis.com', 'webexapis.com', true],
    ['webexapis.com', 'api.webexapis.com', true],
    ['webexapis.com', 'notwebexapis.com', false],
    ['.webexapis.com', 'webexapis.com', true],
    ['.webexapis.com', 'api.webexapis.com', true],
    ['*.webexapis.com', 'api.webexapis.com', true],
    ['WebexAPIs.com', 'webexapis.COM', true],
    ['webexapis.com.', 'webexapis.com', true],
    ['webexapis.com:443', 'webexapis.com', true],
    ['webexapis.com:8443', 'webexapis.com', false],
    ['*:443', 'webexapis.com', false],
    ['a.example, webexapis.com', 'webexapis.com', true],
    ['a.example webexapis.com', 'webexapis.com', true],
    [' a.example ,, .b.example ', 'webexapis.com', false],
    ['10.0.0.0/8', '10.200.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '10.example.com', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3:443', '10.1.2.3', true],
    ['10.1.2.3:80', '10.1.2.3', false],
    ['2001:db8::/32', '2001:db8::1', true],
    ['2001:db8::1', '2001:db8::1', true],
    ['[2001:db8::1]:443', '2001:db8::1', true],
    ['[2001:db8::1]:80', '2001:db8::1', false],
    ['10.0.0.0/99', '10.0.0.1', false],
    ['', 'webexapis.com', false],
    ['.', 'webexapis.com', false],
  ])('reads NO_PROXY=%j for %s as %s', (noProxy, host, excluded) => {
    expect(isExcluded(noProxy, host, 443)).toBe(excluded);
  });
});

describe('proxyFor', () => {
  const of = (environment: NodeJS.Dict<string>, url = 'https://webexapis.com/v1') =>
    proxyFor(new URL(url), environment)?.name;
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:1' }, 'a:1'],
    [{ https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:1' }, 'a:1'],
    [{ HTTPS_PROXY: '', HTTP_PROXY: 'b:8080' }, 'b:8080'],
    [{ ALL_PROXY: 'http://c' }, 'c:80'],
    [{ HTTPS_PROXY: 'https://c' }, 'c:443'],
    [{ HTTPS_PROXY: '  http://c:3128/  ' }, 'c:3128'],
    [{ HTTPS_PROXY: 'http://[::1]:3128' }, '[::1]:3128'],
    [{ HTTPS_PROXY: 'http://a:1', no_proxy: '.com' }, undefined],
    [{ HTTPS_PROXY: 'socks5://a:1', NO_PROXY: '*' }, undefined],
  ])('finds in %o: %s', (environment, expected) => expect(of(environment)).toBe(expected));

  it.each(['http://localhost:3000', 'https://127.4.5.6', 'http://[::1]:3000', 'https://api.localhost'])(
    'finds no proxy for %s',
    (url) => expect(of({ HTTPS_PROXY: 'a:1', HTTP_PROXY: 'a:1', ALL_PROXY: 'a:1' }, url)).toBeUndefined(),
  );
});
