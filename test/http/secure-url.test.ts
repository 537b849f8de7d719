import { describe, expect, it } from 'vitest';
import { assertSecureUrl } from '../../src/http/secure-url.ts';
import { brokerErrorOf, shown } from '../support/broker-error.ts';

describe('assertSecureUrl', () => {
  it.each([
    'https://webexapis.com/v1',
    'http://localhost:4000/v1',
    'http://127.0.0.1/v1',
    'http://127.9.8.7:1/',
    'http://[::1]:4000/v1',
  ])('accepts %s', (address) => {
    expect(assertSecureUrl(address)).toBeInstanceOf(URL);
  });

  it.each([
    'http://webexapis.com/v1',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
    'http://10.0.0.1/',
    'http://[::2]/',
    'ftp://localhost/',
    'file:///etc/passwd',
    'https://name:word@webexapis.com/',
    'webexapis.com/v1',
    '',
  ])('refuses %s', (address) => {
    const error = brokerErrorOf(() => assertSecureUrl(address));
    expect(error.code).toBe('E_INSECURE_ADDRESS');
    expect(error.help).toContain('WEBEX_TOKEN_');
    expect(shown(error)).not.toContain('word@');
  });
});
