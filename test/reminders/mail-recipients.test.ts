import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultReminderDays } from '../../src/domain/reminder-triggers.ts';
import type { Channel } from '../../src/reminders/channels/channel.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { type Letter, mailServer } from '../support/reminders/mail-server.ts';
import { acme, capture, days, run, today } from '../support/reminders/reminder-fixtures.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { selfSigned } from '../support/self-signed.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

function channel(
  smtpUrl: string,
  mailTo = ['it@acme.example'],
  mailFrom: string | null = null,
  silenceMs?: number,
): Channel {
  const settings = { smtpUrl, mailFrom, mailTo, webhookUrl: null, webhookSecret: null, days: [] };
  const mail = mailChannel(settings, { silenceMs, tlsProbeMs: stepHangsMs });
  if (mail === null) throw new Error('no channel');
  onTestFinished(() => mail.close());
  return mail;
}

/** A store with a profile for each contact, whose token ends in a week. */
async function withContacts(contacts: readonly (string | null)[]) {
  const records = await acme(defaultReminderDays);
  for (const [at, contact] of contacts.entries()) {
    const profile = fakeProfile({ name: `customer-${at}`, contact });
    await insertProfile(records.db, profile);
    await capture({ db: records.db, profile }, today - days(300), { expiresAt: today + days(7) + 1000 });
  }
  return records;
}

const failing = (responseCode: number, words = 'no') => Object.assign(new Error(words), { responseCode });

const recipientsOf = (letters: readonly Letter[]) => letters.map(({ to }) => to);

describe('one address that cannot receive a mail', () => {
  it.each<[string, SMTPServerOptions]>([
    ['does not offer SMTPUTF8', { hideSMTPUTF8: true }],
    [
      'refuses every address that is not ASCII',
      {
        onRcptTo: ({ address }, _, done) =>
          done(/[^\x20-\x7e]/.test(address) ? failing(553, 'no SMTPUTF8') : null),
      },
    ],
    [
      'refuses every message that needs SMTPUTF8',
      {
        onMailFrom: ({ args }, _, done) =>
          done(args !== false && 'SMTPUTF8' in args ? failing(550, 'no SMTPUTF8') : null),
      },
    ],
  ])('is reported alone if it is not ASCII and the server %s', async (_, options) => {
    const { port, letters } = await mailServer(options);
    const records = await withContacts(['jörg@example.com', 'grace@customer.example']);
    const mail = channel(`smtp://127.0.0.1:${port}`);
    expect((await run(records, [mail])).sort()).toEqual(['mail 7 sent', 'mail 7 sent']);
    expect(recipientsOf(letters).sort()).toEqual([['grace@customer.example'], ['it@acme.example']]);
    expect(letters.map(({ head }) => head).join()).not.toMatch(/[^\r\n\x20-\x7e]/);
    const errors = await records.db
      .selectFrom('reminder')
      .select('error')
      .where('error', 'is not', null)
      .execute();
    expect(errors).toEqual([{ error: expect.stringContaining('jörg@example.com') }]);
    // No one gets it a second time.
    expect(await run(records, [mail], { retryNow: true })).toEqual([]);
  });

  it('gets a separate mail if it is not ASCII and the server supports SMTPUTF8', async () => {
    const { port, letters } = await mailServer();
    await channel(`smtp://127.0.0.1:${port}`).deliver(sampleMessage({ contact: 'jörg@example.com' }));
    expect(recipientsOf(letters)).toEqual([['it@acme.example'], ['jörg@example.com']]);
  });

  it('gets the mail later if it is refused temporarily, and the others do not get it again', async () => {
    let isFull = true;
    const { port, letters } = await mailServer({
      onRcptTo: ({ address }, _, done) =>
        done(isFull && address.startsWith('full') ? failing(452, 'mailbox full') : null),
    });
    const records = await withContacts(['full@customer.example']);
    const mail = channel(`smtp://127.0.0.1:${port}`);
    expect(await run(records, [mail])).toEqual(['mail 7 failed']);
    expect(await run(records, [mail], { retryNow: true })).toEqual(['mail 7 failed']);
    isFull = false;
    expect(await run(records, [mail], { retryNow: true })).toEqual(['mail 7 sent']);
    expect(recipientsOf(letters)).toEqual([['it@acme.example'], ['full@customer.example']]);
    expect(new Set(letters.map(({ head }) => /^Message-ID: .*$/m.exec(head)?.[0])).size).toBe(1);
  });

  it('does not affect the others if the server refuses the whole message because of it', async () => {
    const { port, letters } = await mailServer({
      onData(stream, session, done) {
        const bad = session.envelope.rcptTo.some(({ address }) => address.startsWith('bad'));
        if (bad) stream.resume().on('end', () => done(failing(554)));
        else stream.resume().on('end', () => done());
        if (!bad) letters.push({ to: session.envelope.rcptTo.map(({ address }) => address) } as Letter);
      },
    });
    const error = await channel(`smtp://127.0.0.1:${port}`, ['it@acme.example', 'ada@acme.example'])
      .deliver(sampleMessage({ contact: 'bad@customer.example' }))
      .catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      message: expect.stringContaining('bad@customer.example'),
      deliveredTo: ['it@acme.example', 'ada@acme.example'],
      mayRetry: false,
    });
    expect(recipientsOf(letters)).toEqual([['it@acme.example'], ['ada@acme.example']]);
  });

  it('does not stop any number of other profiles', async () => {
    const { port, letters } = await mailServer({
      onRcptTo: ({ address }, _, done) => done(address.startsWith('good') ? null : failing(550)),
    });
    const contacts = [
      ...Array.from({ length: 12 }, (_, at) => `bad${at}@customer.example`),
      'good@customer.example',
    ];
    const records = await withContacts(contacts);
    const outcomes = await run(records, [channel(`smtp://127.0.0.1:${port}`)]);
    expect(outcomes.filter((each) => each === 'mail 7 failed')).toHaveLength(12);
    expect(recipientsOf(letters)).toEqual([['good@customer.example']]);
  });

  it('gets an internationalized domain in its ASCII form', async () => {
    const { port, letters } = await mailServer({ hideSMTPUTF8: true });
    await channel(`smtp://127.0.0.1:${port}`, ['it@münchen.example']).deliver(sampleMessage());
    // The mail server of this test rejects it.
    expect(recipientsOf(letters)).toEqual([['it@münchen.example']]);
    expect(letters[0]?.head).toMatch(/^To: it@xn--mnchen-3ya\.example$/m);
  });
});

describe('the sender', () => {
  it.each([
    ['Webex: tokens <it@acme.example>', '"Webex: tokens" <it@acme.example>'],
    ['Acme, Inc. <it@acme.example>', '"Acme, Inc." <it@acme.example>'],
    ['"Acme, Inc." <it@acme.example>', '"Acme, Inc." <it@acme.example>'],
    ['Webex; "tokens" <it@acme.example>', '"Webex; \\"tokens\\"" <it@acme.example>'],
    ['Webex (tokens) <it@acme.example>', '"Webex (tokens)" <it@acme.example>'],
    ['it@acme.example', 'it@acme.example'],
    ['Münchner Büro: IT <it@münchen.example>', /^=\?UTF-8\?.*\?= <it@xn--mnchen-3ya\.example>$/],
  ])('is written as one address: %s', async (mailFrom, header) => {
    const { port, letters } = await mailServer();
    await channel(`smtp://127.0.0.1:${port}`, ['it@acme.example'], mailFrom).deliver(sampleMessage());
    expect(letters[0]?.from).toMatch(/^it@/);
    const from = /^From: (.*)$/m.exec(letters[0]?.head ?? '')?.[1]?.trim();
    if (typeof header === 'string') expect(from).toBe(header);
    else expect(from).toMatch(header);
  });
});

describe('the wrong one of smtp:// and smtps://', () => {
  it('is reported if the server starts without TLS', async () => {
    const { port } = await mailServer();
    await expect(channel(`smtps://127.0.0.1:${port}`).deliver(sampleMessage())).rejects.toThrow(
      `has smtps://, but 127.0.0.1:${port} starts without TLS. Use smtp://…:${port}`,
    );
  });

  it('is reported if the server starts with TLS', async () => {
    const { certificate, privateKey } = selfSigned();
    const server = createTlsServer({ cert: certificate, key: privateKey }, (socket) =>
      socket.on('error', () => {}),
    );
    server.listen(0, '127.0.0.1');
    server.on('tlsClientError', () => {});
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const mail = channel(`smtp://127.0.0.1:${port}`, undefined, null, 50);
    await expect(mail.deliver(sampleMessage())).rejects.toThrow(
      `has smtp://, but 127.0.0.1:${port} starts with TLS. Use smtps://…:${port}`,
    );
  });
});
