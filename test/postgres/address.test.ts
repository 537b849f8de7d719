import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { isPostgresUrl, parsePostgresUrl, redactedLocation } from '../../src/store/postgres/url.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

const parse = (text: string) => parsePostgresUrl(text);

describe('parsePostgresUrl', () => {
  it('parses an address as libpq does', () => {
    expect(parse('postgresql://ada:p%40ss%2F%3A%25@db.example.com:6543/webex%20tokens')).toMatchObject({
      host: 'db.example.com',
      port: 6543,
      user: 'ada',
      password: 'p@ss/:%',
      database: 'webex tokens',
    });
    expect(parse('postgres://[::1]/x')).toMatchObject({ host: '::1', port: 5432, tls: null });
    expect(parse('postgres:///x')).toMatchObject({ host: 'localhost', user: undefined, password: undefined });
    expect(parse('postgres://ada@%2Fvar%2Frun%2Fpostgresql/x')).toMatchObject({
      host: '/var/run/postgresql',
      tls: null,
    });
    expect(parse('postgres:///x?host=/run/pg&connect_timeout=3&application_name=ours')).toMatchObject({
      host: '/run/pg',
      connectTimeoutMs: 3000,
      applicationName: 'ours',
    });
  });

  describe('encryption', () => {
    const tls = (text: string) => parse(text).tls;

    it('verifies certificate and host name for every other host', () => {
      expect(tls('postgres://db.example.com/x')).toMatchObject({ verify: 'full', rootCertificate: null });
      expect(tls('postgres://10.0.0.5/x')).toMatchObject({ verify: 'full' });
      expect(tls('postgres://localhost.evil.example/x')).toMatchObject({ verify: 'full' });
      for (const host of ['localhost', '127.0.0.1', '[::1]']) expect(tls(`postgres://${host}/x`)).toBeNull();
    });

    it('follows sslmode', () => {
      const at = (query: string) => tls(`postgres://db.example.com/x?${query}`);
      expect(at('sslmode=disable')).toBeNull();
      expect(at('sslmode=require')).toMatchObject({ verify: 'nothing' });
      expect(at('sslmode=require&sslrootcert=/ca.pem')).toMatchObject({
        verify: 'authority',
        rootCertificate: '/ca.pem',
      });
      expect(at('sslmode=verify-ca&sslrootcert=/ca.pem')).toMatchObject({ verify: 'authority' });
      expect(at('sslmode=verify-full&sslrootcert=system')).toMatchObject({
        verify: 'full',
        rootCertificate: null,
      });
      expect(tls('postgres://localhost/x?sslmode=verify-full')).toMatchObject({ verify: 'full' });
    });
  });

  it.each([
    ['postgres://db.example.com/x?sslmode=prefer', /connects without encryption/],
    ['postgres://db.example.com/x?sslmode=allow', /connects without encryption/],
    ['postgres://db.example.com/x?sslmode=on', /Known are disable, require/],
    ['postgres://db.example.com/x?ssl=true', /the unknown parameter "ssl"/],
    ['postgres://db.example.com/x?sslcert=/a.pem', /only one of sslcert and sslkey/],
    ['postgres://one,two/x', /several hosts/],
    ['postgres://ada:100%@db.example.com/x', /Write % itself as %25/],
    ['postgres://ada:se/cret@db.example.com/x', /as %40 %3A %2F %23/],
    ['postgres://db.example.com/x?connect_timeout=soon', /connect_timeout/],
  ])('rejects %s and reports why', async (text, why) => {
    const error = await brokerErrorOf(() => parse(text));
    expect(error).toMatchObject({ code: 'E_DATABASE_URL', message: expect.stringMatching(why) });
    expect(error.help).toContain('sslmode=verify-full');
  });

  it('never shows a password', async () => {
    const secret = 'hidden-by-all-means';
    expect(redactedLocation(`postgres://ada:${secret}@db.example.com:6000/x?sslmode=require`)).toBe(
      'postgres://ada@db.example.com:6000/x',
    );
    for (const text of [
      `postgres://ada:${secret}@db.example.com/x?sslmode=prefer`,
      `postgres://ada:${secret}%@db.example.com/x`,
      `postgres://ada:${secret}@db.example.com/x?password=${secret}`,
      `mysql://ada:${secret}@db.example.com/x`,
    ]) {
      const error = await brokerErrorOf(() => readSettings({ WEBEX_TOKEN_DATABASE_URL: text }));
      expect(error.code).toBe('E_SETTING');
      expect(error.message).toMatch(
        /^WEBEX_TOKEN_DATABASE_URL: .*for example WEBEX_TOKEN_DATABASE_URL=postgres:\/\//,
      );
      expect(`${error.message}${error.help ?? ''}`).not.toContain(secret);
    }
  });

  it('does not mistake a file for an address', () => {
    expect(isPostgresUrl('/var/lib/postgres/store.db')).toBe(false);
    expect(isPostgresUrl('C:\\postgres\\store.db')).toBe(false);
    expect(redactedLocation('/var/lib/store.db')).toBe('/var/lib/store.db');
  });
});
