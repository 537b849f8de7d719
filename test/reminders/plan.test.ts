import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { planReminder } from '../../src/reminders/plan.ts';
import { farFuture } from '../../src/store/profiles/derived-columns.ts';

const now = Date.UTC(2027, 5, 1);
const context = { now, hasExited: () => false, retryNow: false };
const token = { capturedAt: now - 100 * dayMs, expiresAt: now + 200 * dayMs, rejectedAt: null };
const plan = (changes: object) =>
  planReminder({ ...token, undeliveredUntil: null, ...changes }, [], [14, 0], context);

describe('planReminder', () => {
  it('checks again at the next threshold', () => {
    const next = token.expiresAt - 15 * dayMs + 1;
    expect(plan({})).toEqual({ due: null, nextTriggerAt: next, nextCheckAt: next });
  });

  it('does not check again after the expiry', () => {
    const expired = plan({ expiresAt: now });
    expect(expired.due?.trigger.trigger).toBe('expired');
    expect(expired.nextTriggerAt).toBe(farFuture);
    expect(expired.nextCheckAt).toBe(farFuture);
  });

  it('uses the earlier token while a destination holds it, and checks again when the new one expires', () => {
    const undelivered = plan({ undeliveredUntil: now - dayMs });
    expect(undelivered.due?.trigger).toEqual({ trigger: 'expired', eventAt: now - dayMs });
    expect(undelivered.nextTriggerAt).toBe(token.expiresAt);
    expect(plan({ undeliveredUntil: now + 5 * dayMs }).nextTriggerAt).toBe(now + 4 * dayMs + 1);
  });
});
