import type { LeaseOwner } from '../process/lease-owner.ts';
import { incrementCounter } from '../store/meta/counters.ts';
import { type Lease, leaseReminder, recordFailed, recordSent } from '../store/reminders/reminders.ts';
import type { ChannelName } from '../store/reminders/schedule.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import type { StoreContext } from '../vault/context.ts';
import { type Channel, ChannelTimeout, PartialDelivery } from './channels/channel.ts';
import { type Decision, deliveryTimeoutMs, leaseFor, redeliveryDelayMs } from './delivery-policy.ts';
import type { ReminderMessage } from './message.ts';

/** The result of one delivery, for display. */
export interface Delivery {
  profile: string;
  channel: ChannelName;
  trigger: string;
  outcome: 'sent' | 'failed';
  subject: string;
  /** Why it failed or, if it was sent, which recipients were not reached. */
  error?: string;
}

export interface Attempt {
  /** The ID of its message. */
  messageId: string;
  delivery: Delivery;
  /** What failed: the channel did not respond, the channel failed, or only this message or some of its recipients. */
  failure: 'none' | 'timeout' | 'channel' | 'message';
  /** When the next attempt is due, or null. Epoch milliseconds. */
  retryAt: number | null;
}

export interface HeldLease {
  isHeld: true;
  row: Lease;
}

/** Leases a delivery before it is sent, so that no other process sends it too. */
export async function leaseDelivery(
  { db }: StoreContext,
  channel: Channel,
  {
    event,
    send,
    owner,
    now,
  }: {
    event: Pick<Lease, 'tokenId' | 'trigger' | 'destinationId' | 'eventAt'>;
    send: Extract<Decision, { do: 'send' }>;
    owner: LeaseOwner;
    now: number;
  },
): Promise<HeldLease | { isHeld: false; expiresAt: number }> {
  const { tokenId, trigger, destinationId, eventAt } = event;
  const row: Lease = {
    tokenId,
    trigger,
    destinationId,
    eventAt,
    channel: channel.name,
    attempt: send.attempt,
    leaseOwner: owner.id,
    leaseExpiresAt: leaseEnd(channel, now),
    now,
    deliveredTo: send.deliveredTo,
  };
  return (await leaseReminder(db, row, send.known))
    ? { isHeld: true, row }
    : { isHeld: false, expiresAt: row.leaseExpiresAt };
}

/** Sends a message and records the result. */
export async function deliver(
  context: StoreContext,
  channel: Channel,
  message: ReminderMessage,
  lease: HeldLease,
): Promise<Attempt> {
  const { deliveredTo } = lease.row;
  const result = await resultOf(channel, () => channel.deliver(message, deliveredTo), deliveredTo);
  return await recordResult(context, channel, message, lease, result);
}

export async function recordResult(
  { db, now }: StoreContext,
  channel: Channel,
  message: ReminderMessage,
  { row }: HeldLease,
  result: DeliveryResult,
): Promise<Attempt> {
  const delivery = {
    profile: message.data.profile,
    channel: channel.name,
    trigger: message.trigger,
    subject: message.subject,
    ...(result.error !== null && { error: result.error }),
  };
  // If it reached no one, it is retried even after permanent rejections, because someone may fix the cause.
  const reachedNobody = result.failure !== 'none' && result.deliveredTo.length === 0;
  if (result.mayRetry || reachedNobody) {
    const retryAt = now() + redeliveryDelayMs(row.attempt);
    const { deliveredTo, failure } = result;
    await recordFailed(db, row, { now: now(), retryAt, error: result.error ?? '', deliveredTo });
    await incrementCounter(db, 'reminders', `${channel.name} failed`);
    return { messageId: message.id, delivery: { ...delivery, outcome: 'failed' }, failure, retryAt };
  }
  await recordSent(db, row, now(), result.error);
  await incrementCounter(db, 'reminders', `${channel.name} sent`);
  return {
    messageId: message.id,
    delivery: { ...delivery, outcome: 'sent' },
    failure: 'none',
    retryAt: null,
  };
}

/** The result of sending a message. */
export interface DeliveryResult {
  failure: Attempt['failure'];
  error: string | null;
  deliveredTo: readonly string[];
  mayRetry: boolean;
}

/** Waits for a delivery, up to the channel's timeout. */
export async function resultOf(
  channel: Channel,
  sending: () => Promise<void>,
  deliveredBefore: readonly string[],
): Promise<DeliveryResult> {
  try {
    await withTimeout(sending(), timeoutOf(channel));
    return { failure: 'none', error: null, deliveredTo: deliveredBefore, mayRetry: false };
  } catch (error) {
    if (error instanceof PartialDelivery) {
      const { deliveredTo } = error;
      return { failure: 'message', error: errorText(error), deliveredTo, mayRetry: error.mayRetry };
    }
    const failure = error instanceof ChannelTimeout ? 'timeout' : 'channel';
    return { failure, error: errorText(error), deliveredTo: deliveredBefore, mayRetry: true };
  }
}

export function errorText(error: unknown): string {
  return sanitizeForDisplay(error instanceof Error ? error.message : String(error), 300);
}

/** Until when a delivery that starts now is leased. Epoch milliseconds. */
export function leaseEnd(channel: Channel, now: number): number {
  return now + leaseFor(timeoutOf(channel));
}

export function timeoutOf({ timeoutMs = deliveryTimeoutMs }: Channel): number {
  return timeoutMs;
}

async function withTimeout(delivery: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const message = `it took longer than ${timeoutMs / 60_000} minutes`;
    timer = setTimeout(() => reject(new ChannelTimeout(message)), timeoutMs);
  });
  try {
    await Promise.race([delivery, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
