import { describe, expect, it } from 'vitest';
import type { LeaseOwner } from '../../src/process/lease-owner.ts';
import { leaseMs } from '../../src/reminders/delivery-policy.ts';
import { readCounters } from '../../src/store/meta/counters.ts';
import { deleteProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { failedReminders, remindersOf } from '../../src/store/reminders/reminders.ts';
import {
  acme,
  asAnotherProcess,
  capture,
  days,
  leaveLease,
  run,
  sawExit,
  testChannel,
  today,
} from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

const end = today + days(365);

describe('sendReminders', () => {
  it('sends each trigger once on each channel, only the most urgent one', async () => {
    const records = await acme();
    await capture(records, today);
    const [mail, webhook] = [testChannel('mail'), testChannel('webhook')];
    expect(await run(records, [mail, webhook])).toEqual([]);
    records.setNow(end - days(60));
    expect(await run(records, [mail, webhook])).toEqual(['mail 60 sent', 'webhook 60 sent']);
    for (let hour = 0; hour < 48; hour += 1) {
      records.setNow(end - days(60) + hour * 3_600_000);
      expect(await run(records, [mail, webhook])).toEqual([]);
    }
    // No run for three thresholds.
    records.setNow(end - days(6));
    expect(await run(records, [mail, webhook])).toEqual(['mail 7 sent', 'webhook 7 sent']);
    expect(mail.received.map(({ trigger }) => trigger)).toEqual(['60', '7']);
    expect(await readCounters(records.db, 'reminders')).toEqual([
      { label: 'mail sent', value: 2 },
      { label: 'webhook sent', value: 2 },
    ]);
  });

  it('repeats nothing after the clock was set back, and sends the next ones on time', async () => {
    const records = await acme();
    await capture(records, today);
    const mail = testChannel();
    records.setNow(end - days(6));
    expect(await run(records, [mail])).toEqual(['mail 7 sent']);
    for (const left of [6.5, 20, 45, 59, 300, 30, 8]) {
      records.setNow(end - days(left));
      expect(await run(records, [mail])).toEqual([]);
    }
    records.setNow(end - days(3));
    expect(await run(records, [mail])).toEqual(['mail 3 sent']);
    records.setNow(end - days(1));
    expect(await run(records, [mail])).toEqual(['mail 1 sent']);
  });

  it('sends the reminders on time after the clock was years ahead for a while', async () => {
    const records = await acme();
    await capture(records, today);
    const mail = testChannel();
    records.setNow(end + days(1000));
    expect(await run(records, [mail])).toEqual(['mail expired sent']);
    records.setNow(today + days(1));
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(end - days(14));
    expect(await run(records, [mail])).toEqual(['mail 14 sent']);
  });

  it('sends every reminder after the clock was a year ahead for a while', async () => {
    const records = await acme();
    await capture(records, today);
    const mail = testChannel();
    records.setNow(end + days(1));
    expect(await run(records, [mail])).toEqual(['mail expired sent']);
    const sent: string[] = [];
    for (let left = 364.5; left >= -2; left -= 1) {
      records.setNow(end - days(left));
      sent.push(...(await run(records, [mail])));
    }
    expect(sent).toEqual(
      ['60', '30', '14', '7', '3', '1', '0', 'expired'].map((each) => `mail ${each} sent`),
    );
  });

  it('sends one reminder from several processes at the same time', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(6));
    const processes = [records];
    while (processes.length < 4) processes.push(await asAnotherProcess(records));
    const channel = testChannel();
    const ownerOf = (at: number): LeaseOwner => ({ id: `process ${at}`, hasExited: () => false });
    const all = await Promise.all(
      processes.map((each, at) => run(each, [channel], { leaseOwner: ownerOf(at), retryNow: true })),
    );
    expect(all.flat()).toEqual(['mail 7 sent']);
    expect(channel.received).toHaveLength(1);
  });
});

describe('the event of a reminder', () => {
  it('is no longer the expiry of a token that was renewed', async () => {
    const records = await acme();
    await capture(records, today);
    const mail = testChannel();
    records.setNow(end - days(20));
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    const renewedAt = end - days(16);
    await capture(records, renewedAt);
    for (let left = 16; left > -40; left -= 1) {
      records.setNow(end - days(left));
      expect(await run(records, [mail])).toEqual([]);
    }
    records.setNow(renewedAt + days(365 - 60));
    expect(await run(records, [mail])).toEqual(['mail 60 sent']);
  });

  it('is a rejection, sent at once and once, until Webex accepts the token again', async () => {
    const records = await acme();
    const token = await capture(records, today);
    const mail = testChannel();
    expect(await run(records, [mail])).toEqual([]);
    await updateToken(records.db, token.id, { rejectedAt: today });
    expect(await run(records, [mail])).toEqual(['mail rejected sent']);
    records.setNow(end - days(10));
    expect(await run(records, [mail])).toEqual([]);
    await updateToken(records.db, token.id, { rejectedAt: null });
    expect(await run(records, [mail])).toEqual(['mail 14 sent']);
    await updateToken(records.db, token.id, { rejectedAt: end - days(10) });
    expect(await run(records, [mail])).toEqual(['mail rejected sent']);
  });

  it('is new if the expiry moved by more than a day, but not by seconds', async () => {
    const records = await acme();
    const token = await capture(records, today, { expiresAt: today + days(45) });
    const mail = testChannel();
    records.setNow(today + days(40));
    expect(await run(records, [mail])).toEqual(['mail 7 sent']);
    const confirmed = (expiresAt: number) =>
      updateToken(records.db, token.id, { lifetimes: { ...token.lifetimes, confirmed: expiresAt } });
    await confirmed(today + days(45) - 1000);
    expect(await run(records, [mail])).toEqual([]);
    await confirmed(end);
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(end - days(5));
    expect(await run(records, [mail])).toEqual(['mail 7 sent']);
  });

  it('is sent at once after other days or another channel were configured', async () => {
    const records = await acme();
    await capture(records, today);
    const [mail, webhook] = [testChannel('mail'), testChannel('webhook')];
    records.setNow(end - days(20));
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    expect(await run(records, [mail, webhook])).toEqual(['webhook 30 sent']);
    records.settings.reminders.days = [60, 21, 0];
    expect(await run(records, [mail, webhook])).toEqual(['mail 21 sent', 'webhook 21 sent']);
  });
});

describe('a channel that a later version adds', () => {
  it('is scheduled when it is first used, for tokens stored before and after', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(20));
    const [mail, pager] = [testChannel('mail'), testChannel('pager')];
    expect(await run(records, [mail])).toEqual(['mail 30 sent']);
    expect(await run(records, [mail, pager])).toEqual(['pager 30 sent']);
    const profile = fakeProfile({ name: 'globex' });
    await insertProfile(records.db, profile);
    await capture({ db: records.db, profile }, today);
    expect(await run(records, [mail, pager])).toEqual(['mail 30 sent', 'pager 30 sent']);
    records.setNow(end - days(14));
    expect(await run(records, [pager])).toEqual(['pager 14 sent', 'pager 14 sent']);
    expect(pager.received.map(({ data }) => data.profile).sort()).toEqual([
      'acme',
      'acme',
      'globex',
      'globex',
    ]);
  });
});

describe('a delivery that fails', () => {
  it('is listed, and retried after increasing delays or at once with retryNow', async () => {
    const records = await acme();
    await capture(records, today);
    const mail = testChannel();
    mail.failing = 'the server is down';
    let now = end - days(14);
    records.setNow(now);
    expect(await run(records, [mail])).toEqual(['mail 14 failed']);
    expect(await failedReminders(records.db)).toMatchObject([
      { profile: 'acme', trigger: '14', attempts: 1, error: 'the server is down' },
    ]);
    const delays: number[] = [];
    for (let attempt = 2; attempt <= 5; attempt += 1) {
      const failedAt = now;
      do {
        now += 60_000;
        records.setNow(now);
      } while ((await run(records, [mail])).length === 0);
      delays.push((now - failedAt) / 60_000);
    }
    expect(delays).toEqual([5, 10, 20, 40]);
    expect(await run(records, [mail], { retryNow: true })).toEqual(['mail 14 failed']);
    mail.failing = null;
    expect(await run(records, [mail], { retryNow: true })).toEqual(['mail 14 sent']);
    expect(await failedReminders(records.db)).toEqual([]);
    expect(await run(records, [mail], { retryNow: true })).toEqual([]);
  });

  it('is superseded by a more urgent one, and does not delay another channel', async () => {
    const records = await acme();
    const token = await capture(records, today);
    const [mail, webhook] = [testChannel('mail'), testChannel('webhook')];
    mail.failing = 'down';
    records.setNow(end - days(14));
    expect(await run(records, [mail, webhook])).toEqual(['mail 14 failed', 'webhook 14 sent']);
    mail.failing = null;
    records.setNow(end - days(7));
    expect(await run(records, [mail, webhook])).toEqual(['mail 7 sent', 'webhook 7 sent']);
    expect(
      (await remindersOf(records.db, token.id, 'mail')).map(({ trigger, state }) => `${trigger} ${state}`),
    ).toEqual(expect.arrayContaining(['14 superseded', '7 sent']));
    expect(await failedReminders(records.db)).toEqual([]);
  });

  it('ends the run on a channel that is down', async () => {
    const records = await acme();
    for (let index = 0; index < 20; index += 1) {
      const profile = fakeProfile({ name: `customer-${index}` });
      await insertProfile(records.db, profile);
      await capture({ db: records.db, profile }, today);
    }
    records.setNow(end - days(14));
    const mail = testChannel();
    mail.failing = 'down';
    expect(await run(records, [mail])).toHaveLength(5);
    mail.failing = null;
    expect(await run(records, [mail], { retryNow: true })).toHaveLength(20);
    expect(mail.received).toHaveLength(20);
  });
});

describe('a reminder whose process was killed before it recorded the delivery', () => {
  const killed = async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(14));
    const mail = testChannel();
    await leaveLease(records, mail, run);
    return { records, mail };
  };

  it('is sent once by another machine after the lease expired', async () => {
    const { records, mail } = await killed();
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(end - days(14) + leaseMs);
    expect(await run(records, [mail])).toEqual(['mail 14 sent']);
    expect(await run(records, [mail])).toEqual([]);
  });

  it('is sent at once by the same machine, which sees that the process has exited', async () => {
    const { records, mail } = await killed();
    expect(await run(records, [mail], { leaseOwner: sawExit, retryNow: true })).toEqual(['mail 14 sent']);
  });
});

describe('removeProfile', () => {
  it('removes the reminders with the profile', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(3));
    await run(records, [testChannel()]);
    await deleteProfile(records.db, records.profile.id);
    expect(await records.db.selectFrom('reminder').selectAll().execute()).toEqual([]);
    expect(await run(records, [testChannel()])).toEqual([]);
  });
});

describe('a failure that delays no other reminder', () => {
  it('is a slow channel', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(14));
    const webhookIsDone = Promise.withResolvers<void>();
    const mail = { ...testChannel('mail'), deliver: () => webhookIsDone.promise };
    const webhook = { ...testChannel('webhook'), deliver: async () => webhookIsDone.resolve() };
    expect(await run(records, [mail, webhook])).toEqual(['mail 14 sent', 'webhook 14 sent']);
  });

  it('is a damaged row', async () => {
    const records = await acme();
    const damaged = await capture(records, today, { expiresAt: end - 1 });
    const profile = fakeProfile({ name: 'globex' });
    await insertProfile(records.db, profile);
    await capture({ db: records.db, profile }, today);
    await records.db.updateTable('token').set({ warnings: '{' }).where('id', '=', damaged.id).execute();
    records.setNow(end - days(14));
    const mail = testChannel();
    expect((await run(records, [mail])).sort()).toEqual(['mail 14 sent', 'mail unknown failed']);
    expect(mail.received.map(({ data }) => data.profile)).toEqual(['globex']);
  });

  it('is more damaged rows than one batch', async () => {
    const records = await acme();
    await capture(records, today);
    for (let at = 0; at < 120; at += 1) {
      const profile = fakeProfile({ name: `damaged-${at}` });
      await insertProfile(records.db, profile);
      const { id } = await capture({ db: records.db, profile }, today - days(10));
      // It stays due, because the time of the next check cannot be stored either.
      await records.db
        .updateTable('token')
        .set({ expires_at: today - 1, warnings: '{' })
        .where('id', '=', id)
        .execute();
    }
    records.setNow(end - days(14));
    const mail = testChannel();
    expect(await run(records, [mail])).toContain('mail 14 sent');
  });
});
