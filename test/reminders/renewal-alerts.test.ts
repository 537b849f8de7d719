import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/reminders/channels/channel.ts';
import { webhookChannel } from '../../src/reminders/channels/webhook.ts';
import { webhookBody } from '../../src/reminders/channels/webhook-body.ts';
import { renewalAlertSource } from '../../src/reminders/renewal-alerts.ts';
import { sendReminders } from '../../src/reminders/send-reminders.ts';
import {
  dueHooks,
  leaseHook,
  recordActivations,
  recordHookEnd,
} from '../../src/store/profiles/activations.ts';
import type { StoreContext } from '../../src/vault/context.ts';
import {
  acme,
  capture,
  days,
  running,
  summaryOf,
  type TestRecords,
  testChannel,
  today,
} from '../support/reminders/reminder-fixtures.ts';

const program = '/etc/webex-token/after-renewal';

async function withHook(): Promise<TestRecords> {
  const records = await acme();
  return { ...records, settings: { ...records.settings, renewalHook: program } as StoreContext['settings'] };
}

/** A new current token after an earlier one, and what is recorded about it. */
async function renew(records: TestRecords, now: number, hook = true) {
  const token = await capture(records, now);
  const { id: profileId } = records.profile;
  for (let count = 0; count < 2; count += 1)
    await recordActivations(records.db, [{ profileId, tokenId: token.id, now, hook }]);
  return token;
}

/** The hook that is due runs and ends. */
async function endHook({ db, now }: TestRecords, error: string | null) {
  const [due] = await dueHooks(db, { now: now(), limit: 1 });
  if (due === undefined) throw new Error('no hook is due');
  await leaseHook(db, due, { owner: 'test', until: now() + 1_000 });
  const ended = { now: now(), nextAt: now() + days(1) };
  await recordHookEnd(db, due, 'test', error === null ? { now: now(), error } : { ...ended, error });
}

async function send(records: TestRecords, channels: Channel[], onlyAlerts = true): Promise<string[]> {
  const alertSources = [renewalAlertSource(records, { timeZone: 'UTC' })];
  const options = { channels, leaseOwner: running, alertSources, onlyAlerts };
  return (await sendReminders(records, options)).map(summaryOf);
}

const programs = () => Object.assign(testChannel('webhook'), { forPrograms: true });

describe('the event renewed', () => {
  it('goes once to a channel that programs read, and to no other', async () => {
    const records = await acme();
    const [mail, webhook] = [testChannel('mail'), programs()];
    await renew(records, today);
    expect(await send(records, [mail, webhook])).toEqual(['webhook renewed sent']);
    expect(await send(records, [mail, webhook])).toEqual([]);
    expect(mail.received).toEqual([]);
    const [message] = webhook.received;
    if (message === undefined) throw new Error('no message');
    expect(webhookBody('plain', message)).toMatchObject({
      type: 'webex-token.reminder',
      event: 'renewed',
      profile: 'acme',
      expiresAt: new Date(today + days(365)).toISOString(),
    });
    expect(message.summary).toContain('Monday 1 March 2027');
  });

  it('is not sent for the first token', async () => {
    const records = await acme();
    const { id: tokenId } = await capture(records, today);
    await recordActivations(records.db, [{ profileId: records.profile.id, tokenId, now: today, hook: true }]);
    expect(await send(records, [programs()])).toEqual([]);
  });

  it('is sent again for the next token, with another ID', async () => {
    const records = await acme();
    const webhook = programs();
    await renew(records, today);
    await send(records, [webhook]);
    records.setNow(today + days(1));
    await renew(records, today + days(1));
    expect(await send(records, [webhook])).toEqual(['webhook renewed sent']);
    expect(new Set(webhook.received.map(({ id }) => id)).size).toBe(2);
  });

  it('is retried with pauses, and forgotten after a week', async () => {
    const records = await acme();
    const webhook = programs();
    webhook.failing = 'the receiver answered 503';
    await renew(records, today);
    expect(await send(records, [webhook])).toEqual(['webhook renewed failed']);
    expect(await send(records, [webhook])).toEqual([]);
    records.setNow(today + days(1));
    expect(await send(records, [webhook])).toEqual(['webhook renewed failed']);
    webhook.failing = null;
    records.setNow(today + days(2));
    expect(await send(records, [webhook])).toEqual(['webhook renewed sent']);
    records.setNow(today + days(3));
    await renew(records, today + days(3));
    records.setNow(today + days(11));
    expect(await send(records, [webhook])).toEqual([]);
  });

  it('neither replaces a reminder of the token nor is replaced by one', async () => {
    const records = await acme();
    const webhook = programs();
    const { id: tokenId } = await capture(records, today, { expiresAt: today + days(5) });
    const { id: profileId } = records.profile;
    for (let count = 0; count < 2; count += 1)
      await recordActivations(records.db, [{ profileId, tokenId, now: today, hook: false }]);
    webhook.failing = 'down';
    records.setNow(today + days(2));
    expect(await send(records, [webhook], false)).toEqual(['webhook 3 failed', 'webhook renewed failed']);
    webhook.failing = null;
    records.setNow(today + days(2) + 3_600_000);
    expect(await send(records, [webhook], false)).toEqual(['webhook 3 sent', 'webhook renewed sent']);
  });

  it('is for plain webhooks: Slack, Teams and Webex get reminders only', () => {
    const open = (webhookUrl: string) =>
      webhookChannel(
        { smtpUrl: null, mailFrom: null, mailTo: [], webhookUrl, webhookSecret: null, days: [] },
        globalThis.fetch,
      )?.forPrograms;
    expect(open('https://example.com/hook')).toBe(true);
    expect(open('https://hooks.slack.com/services/T1/B1/x')).toBe(false);
    expect(open('https://webexapis.com/v1/webhooks/incoming/abc')).toBe(false);
  });
});

describe('the event hook-failed', () => {
  it('goes to every channel, once for each series of failures', async () => {
    const records = await withHook();
    const [mail, webhook] = [testChannel('mail'), programs()];
    await renew(records, today);
    await endHook(records, 'it exited with code 3');
    expect((await send(records, [mail, webhook])).sort()).toEqual([
      'mail hook-failed sent',
      'webhook hook-failed sent',
      'webhook renewed sent',
    ]);
    const [message] = mail.received;
    expect(message?.subject).toBe('Fix the renewal hook for acme: it failed');
    expect(message?.facts).toContainEqual({ title: 'Error', value: 'it exited with code 3' });
    expect(message?.facts).toContainEqual({ title: 'Program', value: program });
    expect(message && webhookBody('plain', message)).toMatchObject({
      event: 'hook-failed',
      hook: { error: 'it exited with code 3' },
    });
    // It fails again, also for the next token: the same series.
    records.setNow(today + days(1));
    await endHook(records, 'it exited with code 4');
    await renew(records, today + days(1));
    await endHook(records, 'it exited with code 5');
    expect(await send(records, [mail])).toEqual([]);
    // It succeeds, and fails later: another series.
    records.setNow(today + days(2));
    await endHook(records, null);
    expect(await send(records, [mail])).toEqual([]);
    records.setNow(today + days(3));
    await renew(records, today + days(3));
    await endHook(records, 'it exited with code 6');
    expect(await send(records, [mail])).toEqual(['mail hook-failed sent']);
  });

  it('is not sent without a hook', async () => {
    const records = await withHook();
    await renew(records, today);
    await endHook(records, 'it exited with code 3');
    const settings = { ...records.settings, renewalHook: null };
    expect(await send({ ...records, settings }, [testChannel('mail')])).toEqual([]);
  });
});
