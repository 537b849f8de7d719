import { describe, expect, test } from 'vitest';
import { leaseMs } from '../../src/reminders/delivery-policy.ts';
import type { LeaseOwner } from '../../src/reminders/lease-owner.ts';
import { readCounters } from '../../src/store/meta/counters.ts';
import { deleteProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { failedReminders, remindersOf } from '../../src/store/reminders.ts';
import {
  acme,
  asAnotherProcess,
  capture,
  days,
  living,
  run,
  testChannel,
  today,
} from '../support/reminders/reminder-fixtures.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';

const end = today + days(365);

describe('each trigger once', () => {
  test('over many runs, on each channel, most urgent only', async () => {
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
    // Asleep over three thresholds.
    records.setNow(end - days(6));
    expect(await run(records, [mail, webhook])).toEqual(['mail 7 sent', 'webhook 7 sent']);
    expect(mail.received.map(({ trigger }) => trigger)).toEqual(['60', '7']);
    expect(await readCounters(records.db, 'reminders')).toEqual([
      { label: 'mail sent', value: 2 },
      { label: 'webhook sent', value: 2 },
    ]);
  });

  test('a clock set back brings neither the same nor a lesser one, and the next ones come in time', async () => {
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

  test('a clock that stood years ahead for a while does not swallow the reminders of the true time', async () => {
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

  test('two processes at the same moment send one', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(6));
    const processes = [records];
    while (processes.length < 4) processes.push(await asAnotherProcess(records));
    const channel = testChannel();
    const claimant = (at: number): LeaseOwner => ({ id: `process ${at}`, hasExited: () => false });
    const all = await Promise.all(
      processes.map((each, at) => run(each, [channel], { claimant: claimant(at), impatient: true })),
    );
    expect(all.flat()).toEqual(['mail 7 sent']);
    expect(channel.received).toHaveLength(1);
  });
});

describe('what a reminder is about', () => {
  test('a renewed token silences its predecessor', async () => {
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

  test('a rejection is spoken of at once, and once; when it is lifted, the dates count again', async () => {
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

  test('an end that moved by more than a day is another matter, one that moved by seconds is not', async () => {
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

  test('other days, and a channel that is added later, are heeded at once', async () => {
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

describe('a delivery that fails', () => {
  test('is shown, and tried again after growing pauses, or at once by an impatient run', async () => {
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
    const pauses: number[] = [];
    for (let attempt = 2; attempt <= 5; attempt += 1) {
      const failedAt = now;
      do {
        now += 60_000;
        records.setNow(now);
      } while ((await run(records, [mail])).length === 0);
      pauses.push((now - failedAt) / 60_000);
    }
    expect(pauses).toEqual([5, 10, 20, 40]);
    expect(await run(records, [mail], { impatient: true })).toEqual(['mail 14 failed']);
    mail.failing = null;
    expect(await run(records, [mail], { impatient: true })).toEqual(['mail 14 sent']);
    expect(await failedReminders(records.db)).toEqual([]);
    expect(await run(records, [mail], { impatient: true })).toEqual([]);
  });

  test('is superseded by a more urgent one, and does not hold up another channel', async () => {
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

  test('a channel that is down is left alone for the rest of the run', async () => {
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
    expect(await run(records, [mail], { impatient: true })).toHaveLength(20);
    expect(mail.received).toHaveLength(20);
  });
});

describe('killed between sending and recording', () => {
  const killed = async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(14));
    const mail = testChannel();
    const dying = { ...mail, deliver: () => new Promise<void>(() => {}) };
    // Does not come back before the test is over: the claim stays, as it does when the process is killed.
    run(await asAnotherProcess(records), [dying], { claimant: { id: 'dead', hasExited: () => false } }).catch(
      () => {},
    );
    await expect.poll(() => records.db.selectFrom('reminder').select('state').execute()).toHaveLength(1);
    return { records, mail };
  };

  test('another machine takes it over once the claim is over, and sends it once', async () => {
    const { records, mail } = await killed();
    expect(await run(records, [mail])).toEqual([]);
    records.setNow(end - days(14) + leaseMs);
    expect(await run(records, [mail])).toEqual(['mail 14 sent']);
    expect(await run(records, [mail])).toEqual([]);
  });

  test('the same machine knows that the process is gone, and takes it over at once', async () => {
    const { records, mail } = await killed();
    const claimant = { ...living, isGone: (id: string) => id === 'dead' };
    expect(await run(records, [mail], { claimant, impatient: true })).toEqual(['mail 14 sent']);
  });
});

test('a profile that is removed takes its ledger with it', async () => {
  const records = await acme();
  await capture(records, today);
  records.setNow(end - days(3));
  await run(records, [testChannel()]);
  await deleteProfile(records.db, records.profile.id);
  expect(await records.db.selectFrom('reminder').selectAll().execute()).toEqual([]);
  expect(await run(records, [testChannel()])).toEqual([]);
});

describe('what goes wrong keeps nothing else back', () => {
  test('a channel that takes long', async () => {
    const records = await acme();
    await capture(records, today);
    records.setNow(end - days(14));
    const webhookIsDone = Promise.withResolvers<void>();
    const mail = { ...testChannel('mail'), deliver: () => webhookIsDone.promise };
    const webhook = { ...testChannel('webhook'), deliver: async () => webhookIsDone.resolve() };
    expect(await run(records, [mail, webhook])).toEqual(['mail 14 sent', 'webhook 14 sent']);
  });

  test('a damaged row', async () => {
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

  test('more of them than are looked at in one turn', async () => {
    const records = await acme();
    await capture(records, today);
    for (let at = 0; at < 120; at += 1) {
      const profile = fakeProfile({ name: `damaged-${at}` });
      await insertProfile(records.db, profile);
      const { id } = await capture({ db: records.db, profile }, today - days(10));
      // It stays due, because when to look at it again cannot be kept either.
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
