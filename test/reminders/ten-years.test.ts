import { afterEach, describe, expect } from 'vitest';
import type { ReminderMessage } from '../../src/reminders/message.ts';
import { sendReminders } from '../../src/reminders/send-reminders.ts';
import { acme, capture, days, running, testChannel, today } from '../support/reminders/reminder-fixtures.ts';
import { onSqlite } from '../support/store/engines.ts';

const zoneBefore = process.env.TZ;
afterEach(() => {
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

/** Numbers from 0 to 1, the same ones for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Each takes some seconds. */
const seeds = process.env.WEBEX_TOKEN_TEST_LONG === undefined ? [1] : [1, 2, 3, 4, 5];

/** Where the administrator lives, from one renewal to the next. */
const zones = ['America/New_York', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'UTC'];

const order = ['60', '30', '14', '7', '3', '1', '0', 'expired'];

/** The reminders that a person would expect by now, computed without the program's own rules. */
function expected(expiresAt: number, now: number): string | null {
  const left = expiresAt - now;
  if (left <= 0) return 'expired';
  const wholeDays = Math.floor(left / 86_400_000);
  return ['0', '1', '3', '7', '14', '30', '60'].find((each) => wholeDays <= Number(each)) ?? null;
}

/*
 * Ten years of one administrator: the program runs now and then, the machine sleeps for weeks, its clock is set forward
 * or back and corrected again, deliveries fail, and the token is renewed early, late, or long after its end.
 */
describe('ten years: no reminder is missed, and none is sent twice', () => {
  onSqlite.each(seeds)('misses no reminder and sends none twice, with the seed %i', async (seed) => {
    const random = numbers(seed);
    const records = await acme();
    const mail = testChannel();
    const told = new Map<string, string[]>();
    let renewals = 0;
    let missed = 0;

    let trueNow = today;
    let token = await capture(records, trueNow);
    let expiresAt = trueNow + days(365);
    let renewAt = expiresAt - days(70 * random() - 20);
    while (trueNow < today + days(3653)) {
      const asleep = random() < 0.01;
      trueNow += Math.round(asleep ? days(80 * random()) : 3_600_000 * (4 + 40 * random()));
      if (trueNow >= renewAt) {
        records.setNow(trueNow);
        token = await capture(records, trueNow);
        expiresAt = trueNow + days(365);
        renewAt = expiresAt - days(70 * random() - 20);
        renewals += 1;
        process.env.TZ = zones[renewals % zones.length];
      }
      // Sometimes the clock is wrong by minutes or days, and the program uses the wrong time.
      const clockError = random() < 0.05 ? Math.round(days(40 * random() - 20)) : 0;
      records.setNow(trueNow + clockError);
      mail.failing = random() < 0.1 ? 'down' : null;
      const before = mail.received.length;
      const deliveries = await sendReminders(records, {
        channels: [mail],
        leaseOwner: running,
        retryNow: random() < 0.5,
      });
      const sent = mail.received.slice(before);
      for (const message of sent) {
        const already = told.get(token.id) ?? [];
        expect(already).not.toContain(message.trigger);
        told.set(token.id, [...already, message.trigger]);
        expectToSpeakOf(message, expiresAt);
      }
      expect(sent.length).toBeLessThanOrEqual(1);
      if (clockError !== 0 || deliveries.some(({ outcome }) => outcome === 'failed')) continue;
      const wanted = expected(expiresAt, trueNow);
      const known = told.get(token.id) ?? [];
      const urgency = (trigger: string) => order.indexOf(trigger);
      const waiting = await records.db
        .selectFrom('reminder')
        .select('trigger')
        .where('token_id', '=', token.id)
        .where('state', '=', 'failed')
        .execute();
      const isTold = wanted === null || known.some((each) => urgency(each) >= urgency(wanted));
      if (!isTold && !waiting.some(({ trigger }) => trigger === wanted)) missed += 1;
    }
    expect(missed).toBe(0);
    expect(renewals).toBeGreaterThanOrEqual(8);
    for (const triggers of told.values()) {
      expect(triggers).toEqual([...triggers].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    }
    expect([...told.values()].flat().length).toBeGreaterThan(renewals * 2);
  });
});

function expectToSpeakOf(message: ReminderMessage, expiresAt: number): void {
  expect(message.data.expiresAt).toBe(new Date(expiresAt).toISOString());
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: process.env.TZ,
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  const line = message.facts.find(({ title }) => /^Expire/.test(title))?.value;
  expect(line).toContain(parts.format(expiresAt));
}
