import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import {
  type DeliveryContext,
  decideDelivery,
  deliveryTimeoutMs,
  isSameEvent,
  leaseFor,
  redeliveryDelayMs,
} from '../../src/reminders/delivery-policy.ts';
import type { Reminder } from '../../src/store/reminders/reminders.ts';

const now = Date.UTC(2027, 5, 1);
const hour = 3_600_000;
const context: DeliveryContext = { now, hasExited: () => false, retryNow: false };

const row = (changes: Partial<Reminder>): Reminder => ({
  tokenId: 't1',
  trigger: '14',
  destinationId: null,
  channel: 'mail',
  eventAt: now,
  state: 'failed',
  attempts: 2,
  leaseOwner: null,
  leaseExpiresAt: null,
  retryAt: null,
  sentAt: null,
  changedAt: now - hour,
  error: null,
  deliveredTo: ['a@example.com'],
  ...changes,
});

const decide = (rows: Reminder[], changes: Partial<DeliveryContext> = {}, sameEvent = true) =>
  decideDelivery({ trigger: '14' }, rows, () => sameEvent, { ...context, ...changes });

describe('decideDelivery', () => {
  it('sends what was never sent', () => {
    expect(decide([])).toEqual({ do: 'send', known: null, attempt: 1, deliveredTo: [] });
  });

  it.each(['14', '7', '0', 'expired', 'rejected'])('sends nothing after %s was sent', (trigger) => {
    expect(decide([row({ trigger, state: 'sent' })])).toEqual({ do: 'nothing' });
  });

  it.each(['30', 'renewed'])('sends after %s was sent', (trigger) => {
    expect(decide([row({ trigger, state: 'sent' })])).toMatchObject({ do: 'send', known: null, attempt: 1 });
  });

  it('sends again to those who did not get it', () => {
    const failed = row({});
    expect(decide([failed])).toEqual({
      do: 'send',
      known: failed,
      attempt: 3,
      deliveredTo: ['a@example.com'],
    });
  });

  it('starts with the first attempt in the row of an earlier event, regardless of its state', () => {
    for (const state of ['sent', 'failed'] as const) {
      const old = row({ state, retryAt: now + hour });
      expect(decide([old], {}, false)).toEqual({ do: 'send', known: old, attempt: 1, deliveredTo: [] });
    }
  });

  it('ignores a row that is from 90 days ahead', () => {
    const sent = row({ state: 'sent', changedAt: now + 90 * dayMs });
    expect(decide([sent])).toMatchObject({ do: 'send', known: sent, attempt: 1 });
    expect(decide([{ ...sent, changedAt: now + 90 * dayMs - 1 }])).toEqual({ do: 'nothing' });
  });

  it('waits for the next attempt, unless it is due, too far ahead, or requested now', () => {
    expect(decide([row({ retryAt: now + hour })])).toEqual({ do: 'wait', until: now + hour });
    expect(decide([row({ retryAt: now + 12 * hour })])).toEqual({ do: 'wait', until: now + 12 * hour });
    for (const retryAt of [now, now - 1, now + 12 * hour + 1]) {
      expect(decide([row({ retryAt })])).toMatchObject({ do: 'send' });
    }
    expect(decide([row({ retryAt: now + hour })], { retryNow: true })).toMatchObject({ do: 'send' });
  });
});

describe('isSameEvent', () => {
  const token = { capturedAt: now - 300 * dayMs, expiresAt: now + 10 * dayMs, rejectedAt: now };

  it('compares a rejection with the rejection, and everything else with the expiry', () => {
    const isSame = isSameEvent(token);
    expect(isSame(row({ trigger: 'rejected', eventAt: now }))).toBe(true);
    expect(isSame(row({ trigger: 'rejected', eventAt: token.expiresAt }))).toBe(false);
    expect(isSame(row({ trigger: '14', eventAt: token.expiresAt }))).toBe(true);
    expect(isSame(row({ trigger: '14', eventAt: now }))).toBe(false);
  });

  it('treats a date that moved by less than a day as the same', () => {
    for (const sign of [1, -1]) {
      const moved = (ms: number) => row({ trigger: 'expired', eventAt: token.expiresAt + sign * ms });
      expect(isSameEvent(token)(moved(dayMs - 1))).toBe(true);
      expect(isSameEvent(token)(moved(dayMs))).toBe(false);
    }
  });

  it('matches no rejection if the token was not rejected', () => {
    expect(isSameEvent({ ...token, rejectedAt: null })(row({ trigger: 'rejected', eventAt: 0 }))).toBe(false);
  });
});

describe('the time for a delivery', () => {
  it('includes two minutes to record it', () => {
    expect(leaseFor(deliveryTimeoutMs)).toBe(180_000);
  });

  it('doubles with every failure, up to twelve hours', () => {
    expect([1, 2, 20].map(redeliveryDelayMs)).toEqual([300_000, 600_000, 12 * hour]);
  });
});
