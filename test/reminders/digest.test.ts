import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultReminderDays } from '../../src/domain/reminder-triggers.ts';
import { type Channel, ChannelTimeout, PartialDelivery } from '../../src/reminders/channels/channel.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { webhookChannel } from '../../src/reminders/channels/webhook.ts';
import { chatBody } from '../../src/reminders/channels/webhook-body.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { remindersOf } from '../../src/store/reminders/reminders.ts';
import { decoded, mailServer } from '../support/reminders/mail-server.ts';
import {
  acme,
  capture,
  days,
  run,
  running,
  type TestRecords,
  today,
} from '../support/reminders/reminder-fixtures.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

/** A store with a profile for each name, whose token expires after this many days. */
async function due(profiles: Record<string, { left: number; contact?: string }>): Promise<TestRecords> {
  const records = await acme(defaultReminderDays);
  for (const [name, { left, contact = null }] of Object.entries(profiles)) {
    const profile = fakeProfile({ name, contact });
    await insertProfile(records.db, profile);
    await capture({ db: records.db, profile }, today - days(300), { expiresAt: today + days(left) + 1000 });
  }
  return records;
}

interface Sent {
  to: readonly string[];
  profiles: string[];
}

/** A channel that sends digests to the contact and to it@acme.example; `fails` decides about each message. */
function digestChannel(fails: (sent: Sent) => Error | null = () => null) {
  const sent: Sent[] = [];
  const channel: Channel = {
    name: 'mail',
    target: 'a test',
    deliver: () => Promise.reject(new Error('not as a digest')),
    digest: {
      recipientsOf: ({ contact }) => [...(contact === null ? [] : [contact]), 'it@acme.example'],
      deliver: async (messages, to) => {
        const one = { to, profiles: messages.map(({ data }) => data.profile) };
        const failure = fails(one);
        if (failure !== null) throw failure;
        sent.push(one);
      },
    },
    close: () => {},
  };
  return { channel, sent };
}

describe('a digest', () => {
  it('is one message to each recipient, the most urgent first, and sent once', async () => {
    const records = await due({
      initech: { left: 13, contact: 'grace@customer.example' },
      globex: { left: -2, contact: 'hank@customer.example' },
      hooli: { left: 2, contact: 'grace@customer.example' },
    });
    const { channel, sent } = digestChannel();
    expect((await run(records, [channel])).sort()).toEqual([
      'mail 14 sent',
      'mail 3 sent',
      'mail expired sent',
    ]);
    expect(sent).toEqual([
      { to: ['it@acme.example'], profiles: ['globex', 'hooli', 'initech'] },
      { to: ['grace@customer.example'], profiles: ['hooli', 'initech'] },
      { to: ['hank@customer.example'], profiles: ['globex'] },
    ]);
    expect(await run(records, [channel], { retryNow: true })).toEqual([]);
  });

  it('goes to recipients of the same reminders as one message', async () => {
    const records = await due({ globex: { left: 2, contact: 'hank@customer.example' } });
    const { channel, sent } = digestChannel();
    await run(records, [channel]);
    expect(sent).toEqual([{ to: ['hank@customer.example', 'it@acme.example'], profiles: ['globex'] }]);
  });

  it('retries only for the recipients who did not get it', async () => {
    const records = await due({
      globex: { left: 2, contact: 'hank@customer.example' },
      hooli: { left: 2, contact: 'grace@customer.example' },
    });
    let isDown = true;
    const { channel, sent } = digestChannel(({ to }) =>
      isDown && to.includes('hank@customer.example') ? new Error('mailbox full') : null,
    );
    expect((await run(records, [channel])).sort()).toEqual(['mail 3 failed', 'mail 3 sent']);
    isDown = false;
    expect(await run(records, [channel], { retryNow: true })).toEqual(['mail 3 sent']);
    expect(sent.slice(2)).toEqual([{ to: ['hank@customer.example'], profiles: ['globex'] }]);
  });

  it('does not retry for a recipient who is refused permanently, and names it', async () => {
    const records = await due({
      globex: { left: 2, contact: 'gone@customer.example' },
      hooli: { left: 2 },
    });
    const { channel } = digestChannel(({ to }) =>
      to.includes('gone@customer.example')
        ? new PartialDelivery('gone@customer.example: unknown', [], false)
        : null,
    );
    expect(await run(records, [channel])).toEqual(['mail 3 sent', 'mail 3 sent']);
    expect(await run(records, [channel], { retryNow: true })).toEqual([]);
    const rows = await records.db
      .selectFrom('reminder')
      .select('error')
      .where('error', 'is not', null)
      .execute();
    expect(rows).toEqual([{ error: 'gone@customer.example: unknown' }]);
  });

  it('is tried again as a whole if no recipient got it', async () => {
    const records = await due({ globex: { left: 2 }, hooli: { left: 2 } });
    let isDown = true;
    const { channel, sent } = digestChannel(() => (isDown ? new ChannelTimeout('no answer') : null));
    expect(await run(records, [channel])).toEqual(['mail 3 failed', 'mail 3 failed']);
    expect(await run(records, [channel])).toEqual([]);
    isDown = false;
    expect(await run(records, [channel], { retryNow: true })).toEqual(['mail 3 sent', 'mail 3 sent']);
    expect(sent).toHaveLength(1);
  });

  it('tries no other message after one without a response', async () => {
    const records = await due({
      globex: { left: 2, contact: 'hank@customer.example' },
      hooli: { left: 2, contact: 'grace@customer.example' },
    });
    let tries = 0;
    const { channel } = digestChannel(() => {
      tries += 1;
      return new ChannelTimeout('no answer');
    });
    await run(records, [channel]);
    expect(tries).toBe(1);
  });

  it('is not sent again to those who had it before a crash', async () => {
    const records = await due({
      globex: { left: 2, contact: 'hank@customer.example' },
      hooli: { left: 2, contact: 'grace@customer.example' },
    });
    // The process ends while the second message is sent.
    let count = 0;
    const { channel: dying } = digestChannel();
    const deliver = dying.digest?.deliver;
    const reached = Promise.withResolvers<void>();
    Object.assign(dying.digest ?? {}, {
      deliver: async (...given: Parameters<NonNullable<typeof deliver>>) => {
        count += 1;
        if (count > 1) {
          reached.resolve();
          await new Promise(() => {});
        }
        await deliver?.(...given);
      },
    });
    // It ends long after this test, without a database.
    run(records, [dying]).catch(() => {});
    await reached.promise;
    const { channel, sent } = digestChannel();
    const another = { id: 'another process', hasExited: (id: string) => id === running.id };
    expect(await run(records, [channel], { leaseOwner: another, retryNow: true })).toHaveLength(2);
    expect(sent.flatMap(({ to }) => to).sort()).toEqual(['grace@customer.example', 'hank@customer.example']);
  });

  it('leaves a reminder to the process that took over its lease', async () => {
    const records = await due({
      globex: { left: 2, contact: 'hank@customer.example' },
      hooli: { left: 2, contact: 'grace@customer.example' },
    });
    const { channel, sent } = digestChannel(({ to }) => {
      if (to.includes('it@acme.example')) {
        // Sending took longer than the lease, and another process took over.
        records.setNow(today + 20 * 60_000);
      }
      return null;
    });
    const taken = records.db.updateTable('reminder').set({ lease_owner: 'another process' });
    const { digest } = channel;
    const deliver = digest?.deliver;
    Object.assign(digest ?? {}, {
      deliver: async (...given: Parameters<NonNullable<typeof deliver>>) => {
        await deliver?.(...given);
        await taken.execute();
      },
    });
    await run(records, [channel]);
    expect(sent).toEqual([{ to: ['it@acme.example'], profiles: ['globex', 'hooli'] }]);
    const tokens = await records.db.selectFrom('token').select('id').execute();
    for (const { id } of tokens) expect((await remindersOf(records.db, id))[0]?.state).toBe('sending');
  });

  it('names the organizations in a mail, with a link, where they are used, and how to start', async () => {
    const { port, letters } = await mailServer();
    const records = await due({
      globex: { left: 2 },
      hooli: { left: -1 },
      initech: { left: 6 },
      umbrella: { left: 7 },
    });
    const mail = mailChannel({
      smtpUrl: `smtp://127.0.0.1:${port}`,
      mailFrom: null,
      mailTo: ['it@acme.example'],
      webhookUrl: null,
      webhookSecret: null,
      days: [],
    });
    if (mail === null) throw new Error('no channel');
    onTestFinished(() => mail.close());
    await run(records, [mail]);
    expect(letters).toHaveLength(1);
    const { head = '', body = '' } = letters[0] ?? {};
    expect(head).toContain(
      'Subject: 4 Webex organizations need attention: hooli, globex, initech, and 1 more',
    );
    expect(head).toMatch(/^X-Priority: 1/im);
    const text = decoded(body);
    expect(text).toContain('http://localhost:3000/profiles/umbrella');
    expect(text).toContain('Used in: unknown (no destination is recorded)');
    expect(text).toMatch(/On the computer .* run: npm --prefix ".*" start/);
    expect(text.indexOf('token for hooli')).toBeLessThan(text.indexOf('token for globex by'));
  });
});

describe('the webhook channel', () => {
  async function posts(path: string): Promise<{ channel: Channel; bodies: unknown[] }> {
    const bodies: unknown[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(JSON.parse(body));
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const webhookUrl = `http://127.0.0.1:${port}${path}`;
    const settings = { smtpUrl: null, mailFrom: null, mailTo: [], webhookUrl, webhookSecret: null, days: [] };
    const channel = webhookChannel(settings, globalThis.fetch);
    if (channel === null) throw new Error('no channel');
    return { channel, bodies };
  }

  it('posts one message to a chat', async () => {
    const records = await due({ globex: { left: 2 }, hooli: { left: -1 } });
    const { channel, bodies } = await posts('/services/T0FAKE/B0FAKE/fake');
    expect(await run(records, [channel])).toHaveLength(2);
    expect(bodies).toEqual([
      { text: expect.stringMatching(/^\*2 Webex organizations need attention: hooli and globex\*/) },
    ]);
  });

  it('posts each event by itself to a program', async () => {
    const records = await due({ globex: { left: 2 }, hooli: { left: -1 } });
    const { channel, bodies } = await posts('/hook');
    await run(records, [channel]);
    expect(bodies).toHaveLength(2);
    expect(bodies).toContainEqual(expect.objectContaining({ event: 'expired', profile: 'hooli' }));
  });

  it.each(['slack', 'teams', 'webex'] as const)(
    'keeps a message about hundreds of events short for %s',
    (kind) => {
      const messages = Array.from({ length: 300 }, (_, at) =>
        sampleMessage({ name: `customer-${at}` }, { id: `token-${at}` }),
      );
      const body = JSON.stringify(chatBody(kind, messages));
      expect(body.length).toBeLessThan(7_000);
      expect(body).toContain('And 280 more.');
    },
  );
});
