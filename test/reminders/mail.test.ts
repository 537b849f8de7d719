import dns from 'node:dns';
import { createServer } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultReminderDays } from '../../src/domain/reminder-triggers.ts';
import { type Channel, PartialDelivery } from '../../src/reminders/channels/channel.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { sendReminders } from '../../src/reminders/send-reminders.ts';
import { parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { importProfiles } from '../../src/vault/profiles/import-profiles.ts';
import { thrownBy } from '../support/catch-error.ts';
import { listening } from '../support/http/fake-proxy.ts';
import { decoded, mailServer } from '../support/reminders/mail-server.ts';
import { days, running } from '../support/reminders/reminder-fixtures.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { selfSigned } from '../support/self-signed.ts';
import { actor, newVault, today } from '../support/vault/test-vault.ts';

function channel(smtpUrl: string, mailFrom: string | null = null): Channel {
  const settings = { smtpUrl, mailFrom, mailTo: ['it@acme.example', 'ada@acme.example'] };
  const mail = mailChannel({ ...settings, webhookUrl: null, webhookSecret: null, days: [] });
  if (mail === null) throw new Error('no channel');
  onTestFinished(() => mail.close());
  return mail;
}

describe('the mail channel', () => {
  it('sends text and HTML with the organization, the account, the date and what to do', async () => {
    const { port, letters } = await mailServer();
    await channel(`smtp://127.0.0.1:${port}`, 'Webex token <webex-token@acme.example>').deliver(
      sampleMessage(),
    );
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    expect(letter).toMatchObject({
      from: 'webex-token@acme.example',
      to: ['it@acme.example', 'ada@acme.example'],
    });
    expect(letter?.head).toContain('Subject: Renew the Webex token for acme by 15 March (14 days left)');
    expect(letter?.head).toMatch(/^Message-ID: <[0-9a-f]{32}@acme\.example>$/m);
    expect(letter?.head).toContain('Auto-Submitted: auto-generated');
    const body = decoded(letter?.body ?? '');
    for (const text of [
      'acme (Webex)',
      '00000000-1111-4222-8333-444444444444',
      'Ada Nakamura, ada@acme.example',
      'Monday 15 March 2027 at 00:00 UTC; confirmed by Webex',
      'webex-token login acme',
    ]) {
      // In the text and in the HTML.
      expect(body.split(text).length - 1).toBeGreaterThanOrEqual(2);
    }
  });

  it('gives the same Message-ID to the same reminder only', () => {
    expect(sampleMessage().id).toBe(sampleMessage().id);
    expect(sampleMessage({}, { id: 'token-2' }).id).not.toBe(sampleMessage().id);
  });

  it('sends to the contact of the profile and to the recipients of all reminders', async () => {
    const { port, letters } = await mailServer();
    await channel(`smtp://127.0.0.1:${port}`).deliver(sampleMessage({ contact: 'grace@customer.example' }));
    expect(letters[0]?.to).toEqual(['grace@customer.example', 'it@acme.example', 'ada@acme.example']);
    expect(letters[0]?.head).toMatch(/^To: grace@customer\.example$/m);
  });

  it('does not let data from Webex become a header, markup or another line', async () => {
    const { port, letters } = await mailServer();
    const account = {
      id: 'person-1',
      displayName: 'Eve\r\nBcc: everybody@evil.example\r\n\r\n<img src=x onerror=alert(1)>',
      email: 'eve@evil.example\r\nX-Evil: 1',
      orgId: 'o',
      admin: 'full' as const,
    };
    await channel(`smtp://127.0.0.1:${port}`).deliver(sampleMessage({}, { account }));
    expect(letters[0]?.to).toEqual(['it@acme.example', 'ada@acme.example']);
    expect(letters[0]?.head).not.toMatch(/^(Bcc|X-Evil)/im);
    expect(decoded(letters[0]?.body ?? '')).toContain('&lt;img src=x');
    expect(decoded(letters[0]?.body ?? '').split('<html')[1]).not.toContain('<img');
  });

  it('takes user and password from the URL and never reports them', async () => {
    const { port, letters } = await mailServer({
      authOptional: false,
      onAuth({ username, password }, _, done) {
        if (username === 'a@b' && password === 'p:w/d@1') done(null, { user: username });
        else done(new Error('wrong'));
      },
    });
    await channel(`smtp://a%40b:p%3Aw%2Fd%401@127.0.0.1:${port}`).deliver(sampleMessage());
    expect(letters[0]?.user).toBe('a@b');
    const error = await thrownBy(() =>
      channel(`smtp://a%40b:fake-password-9@127.0.0.1:${port}`).deliver(sampleMessage()),
    );
    expect(String(error)).not.toContain('fake-password-9');
  });

  it.each([
    [
      'refuses a recipient',
      { onRcptTo: (_: unknown, __: unknown, done: (e: Error) => void) => done(new Error('no')) },
    ],
    [
      'refuses the letter',
      {
        onData: (s: NodeJS.ReadableStream, _: unknown, done: (e: Error) => void) =>
          s.resume().on('end', () => done(new Error('no'))),
      },
    ],
  ])('fails if the server %s', async (_, options) => {
    const { port } = await mailServer(options as SMTPServerOptions);
    await expect(channel(`smtp://127.0.0.1:${port}`).deliver(sampleMessage())).rejects.toThrow();
  });

  it.each([
    [450, false],
    [550, true],
  ])(
    'fails if one of two recipients is refused with %i, and partially if that is permanent',
    async (responseCode, forGood) => {
      const { port, letters } = await mailServer({
        onRcptTo: ({ address }, _, done) =>
          done(address.startsWith('ada') ? Object.assign(new Error('unknown'), { responseCode }) : null),
      });
      const error = await thrownBy(() => channel(`smtp://127.0.0.1:${port}`).deliver(sampleMessage()));
      expect(String(error)).toMatch(/ada@acme/);
      expect(error).toBeInstanceOf(PartialDelivery);
      expect(error).toMatchObject({ deliveredTo: ['it@acme.example'], mayRetry: !forGood });
      expect(letters).toHaveLength(1);
    },
  );

  it('sends to the contact of an imported profile every reminder about that profile', async () => {
    const { port, letters } = await mailServer({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('gone') ? Object.assign(new Error('unknown'), { responseCode: 550 }) : null),
    });
    const vault = await newVault();
    vault.settings.reminders = { ...vault.settings.reminders, days: defaultReminderDays };
    const row = (line: number, profile: string, contact: string) => ({
      line,
      cells: {
        profile,
        contact,
        access_token: `fake-token-for-${profile}-1`,
        captured_at: new Date(today - days(300)).toISOString(),
        expires_at: new Date(today + days(7) + 1000).toISOString(),
      },
    });
    const cells = [row(2, 'acme', 'grace@customer.example'), row(3, 'globex', 'gone@customer.example')];
    const rows = cells.map((each) => parseProfileRow(each, today)).filter((each) => 'profile' in each);
    expect(await importProfiles(vault, rows, actor)).toHaveLength(2);
    const mail = channel(`smtp://127.0.0.1:${port}`);
    const remind = () => sendReminders(vault, { channels: [mail], leaseOwner: running, retryNow: true });
    expect(await remind()).toMatchObject([
      { profile: 'acme', outcome: 'sent' },
      {
        profile: 'globex',
        outcome: 'sent',
        error: 'the mail server rejected gone@customer.example (550 unknown)',
      },
    ]);
    // Recipients who have it do not get it again because another address is wrong.
    expect(await remind()).toEqual([]);
    expect(letters.map(({ to }) => to)).toEqual([
      ['it@acme.example', 'ada@acme.example'],
      ['grace@customer.example'],
    ]);
  });

  it('sends nothing unencrypted over a network', async () => {
    // A name that resolves to this machine but is not a loopback name: like a remote server without STARTTLS.
    const { port, letters } = await mailServer();
    await expect(channel(`smtp://0.0.0.0:${port}`).deliver(sampleMessage())).rejects.toThrow(
      `the mail server 0.0.0.0:${port} does not offer TLS, so nothing was sent. Use its port for TLS`,
    );
    expect(letters).toEqual([]);
  });

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['does not listen', () => '127.0.0.1:1', /127\.0\.0\.1:\d+ refused the connection, or a firewall/],
    ['does not exist', () => 'mail.invalid:25', /mail\.invalid:25 could not be found by its name/],
    [
      'hangs up',
      async () => `127.0.0.1:${await listening(createServer((socket) => socket.destroy()))}`,
      /mail server 127\.0\.0\.1:\d+ closed the connection/,
    ],
  ])('names the server that %s', async (_, address, expected) => {
    const to = channel(`smtp://${await address()}`);
    await expect(to.deliver(sampleMessage())).rejects.toThrow(expected);
  });

  it('names the server if no name server responds', async () => {
    // Which of them is used depends on the networks of this machine.
    const lookups = [
      vi.spyOn(dns.Resolver.prototype, 'resolve4').mockReturnValue(undefined),
      vi.spyOn(dns.Resolver.prototype, 'resolve6').mockReturnValue(undefined),
      vi.spyOn(dns, 'lookup').mockReturnValue(undefined),
    ];
    const isAsked = () => lookups.some(({ mock }) => mock.calls.length > 0);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // With smtps://, nothing else looks the name up.
    const failed = thrownBy(() => channel('smtps://silent.invalid').deliver(sampleMessage()));
    while (!isAsked()) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(60_000);
    expect(String(await failed)).toMatch(
      /silent\.invalid:465 could not be found by its name \(DNS lookup for silent\.invalid timed out\)/,
    );
  });

  it('refuses a certificate of an unknown authority and says what to set', async () => {
    const { certificate, privateKey } = selfSigned();
    const { port, letters } = await mailServer({ secure: true, cert: certificate, key: privateKey });
    await expect(channel(`smtps://0.0.0.0:${port}`).deliver(sampleMessage())).rejects.toThrow(
      /mail server 0\.0\.0\.0:\d+ is not trusted on this machine .*NODE_EXTRA_CA_CERTS/,
    );
    expect(letters).toEqual([]);
  });
});
