import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMailServer } from '../../src/config/mail-server.ts';
import { readSettings } from '../../src/config/settings.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

describe('the address of a mail server', () => {
  it.each([
    ['smtps://smtp.example.com', { host: 'smtp.example.com', port: 465, implicitTls: true, auth: null }],
    ['SMTP://smtp.example.com/', { host: 'smtp.example.com', port: 587, implicitTls: false }],
    [
      'smtp://a%40b:p%3Aw%2Fd%25@smtp.example.com:2525',
      { port: 2525, auth: { user: 'a@b', pass: 'p:w/d%' } },
    ],
    ['smtp://münchen.example', { host: 'xn--mnchen-3ya.example' }],
    ['smtp://[::1]:1025', { host: '::1', port: 1025, isLoopback: true }],
    ['smtp://127.0.0.1:25', { isLoopback: true }],
    ['smtp://localhost.evil.example', { isLoopback: false }],
  ])('reads %s', (text, expected) => {
    expect(parseMailServer(text)).toMatchObject(expected);
  });

  it.each([
    ['smtp://it:50%off@smtp.example.com', /literal % as %25/],
    ['smtp://it:100%@smtp.example.com', /literal % as %25/],
    ['smtp://it:%FF@smtp.example.com', /literal % as %25/],
    ['smtp://%zz:secret@smtp.example.com', /literal % as %25/],
    ['smtp://it:secret@smtp%2.example.com', /literal % as %25/],
    ['smtp://it:se%00cret@smtp.example.com', /control character/],
    ['smtp://it:se%0d%0acret@smtp.example.com', /control character/],
    ['smtp://it:se#cret@smtp.example.com', /%23/],
    ['smtp://it:se/cret@smtp.example.com', /%2F/],
    ['smtp://it:1/cret@smtp.example.com', /%2F/],
    ['smtp://it:1?cret@smtp.example.com', /%3F/],
    ['smtp://it@smtp.example.com', /user without a password/],
    ['smtp://:secret@smtp.example.com', /password without a user/],
    ['smtp://smtp.example.com:0', /port 0/],
    ['smtp://smtp.example.com:99999', /HOST:PORT/],
    ['smtp://smtp.example.com:smtp', /HOST:PORT/],
    ['smtp://smtp.example.com/x', /HOST:PORT/],
    ['smtp://smtp exam.example.com', /HOST:PORT/],
    ['smtp://a%20b.example', /invalid host name/],
    ['smtp://', /HOST:PORT/],
    ['smtp.example.com', /does not start with smtps/],
    ['http://smtp.example.com', /does not start with smtps/],
    ['smtps://smtp.example.com:587', /starts without TLS\. Use smtp:\/\/…:587/],
    ['smtps://smtp.example.com:25', /starts without TLS\. Use smtp:\/\/…:25/],
    ['smtp://smtp.example.com:465', /starts with TLS\. Use smtps:\/\/…:465/],
  ])('refuses %s in one line when the program starts, without repeating it', async (value, why) => {
    const { code, message } = await brokerErrorOf(() =>
      readSettings({ WEBEX_TOKEN_SMTP_URL: value, WEBEX_TOKEN_MAIL_TO: 'a@b.example' }),
    );
    expect(code).toBe('E_SETTING');
    expect(message).toMatch(
      /^WEBEX_TOKEN_SMTP_URL: .*for example WEBEX_TOKEN_SMTP_URL=smtps:\/\/user:password@/,
    );
    expect(message).toMatch(why);
    expect(message).not.toMatch(/secret|cret@|50%|\n/);
  });

  it('is either rejected at the start or usable to open a channel', () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab:/@%?#[]25.ü \u0000'), maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom('smtp', 'smtps'), part, part, (scheme, user, host) => {
        const smtpUrl = `${scheme}://${user}@${host}`;
        try {
          readSettings({ WEBEX_TOKEN_SMTP_URL: smtpUrl, WEBEX_TOKEN_MAIL_TO: 'a@b.example' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_SETTING' });
          expect((error as Error).message).not.toMatch(/[\r\n]/);
          return;
        }
        mailChannel({
          smtpUrl,
          mailFrom: null,
          mailTo: ['a@b.example'],
          webhookUrl: null,
          webhookSecret: null,
          days: [],
        })?.close();
      }),
    );
  });
});
