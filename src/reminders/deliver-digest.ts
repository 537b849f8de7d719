import { extendLease, recordProgress } from '../store/reminders/reminders.ts';
import type { StoreContext } from '../vault/context.ts';
import type { Channel } from './channels/channel.ts';
import {
  type Attempt,
  type DeliveryResult,
  type HeldLease,
  leaseEnd,
  recordResult,
  resultOf,
  timeoutOf,
} from './deliver.ts';
import { byUrgency } from './digest.ts';
import type { ReminderMessage } from './message.ts';

/** A leased delivery and its message. */
export interface Leased {
  lease: HeldLease;
  message: ReminderMessage;
}

/** The recipients of one message, who get the same reminders. */
interface Group {
  items: Item[];
  /** Empty for a channel without recipients. */
  recipients: string[];
}

interface Item extends Leased {
  /** How many groups with this reminder have not been sent yet. */
  open: number;
  result: DeliveryResult;
  /** Whether another process took over the reminder, because sending took longer than the lease. */
  isLost: boolean;
}

/** After this many failed messages in a row, the other messages of a digest are not tried. */
const maxFailuresInARow = 5;

/**
 * Sends several reminders, one message to each recipient, most urgent first. Records the result of each reminder: which
 * recipients have it, and whether it has to be tried again for the others.
 */
export async function deliverDigest(
  context: StoreContext,
  channel: Channel & Required<Pick<Channel, 'digest'>>,
  leased: readonly Leased[],
): Promise<Attempt[]> {
  const items = [...leased]
    .sort((one, other) => byUrgency(one.message, other.message))
    .map(({ lease, message }): Item => {
      const { deliveredTo } = lease.row;
      const result = {
        failure: 'none' as const,
        error: null,
        deliveredTo: [...deliveredTo],
        mayRetry: false,
      };
      return { lease, message, open: 0, result, isLost: false };
    });
  const attempts: Attempt[] = [];
  let failures = 0;
  let last: DeliveryResult | null = null;
  const groups = groupsOf(channel, items);
  // All recipients already have these reminders.
  for (const item of items) if (item.open === 0) attempts.push(await recordItem(context, channel, item));
  for (const group of groups) {
    await keepLeases(context, channel, items);
    const isDown = last !== null && (last.failure === 'timeout' || failures >= maxFailuresInARow);
    const own = { ...group, items: group.items.filter(({ isLost }) => !isLost) };
    const result: DeliveryResult = isDown && last !== null ? last : await send(channel, own);
    if (result.failure === 'channel' || result.failure === 'timeout') {
      failures += 1;
      last = result;
    } else failures = 0;
    for (const item of own.items) {
      item.open -= 1;
      item.result = combined(item.result, result);
      if (item.open === 0) attempts.push(await recordItem(context, channel, item));
      else await recordProgress(context.db, item.lease.row, item.result.deliveredTo);
    }
  }
  return attempts;
}

function recordItem(
  context: StoreContext,
  channel: Channel,
  { lease, message, result }: Item,
): Promise<Attempt> {
  return recordResult(context, channel, message, lease, result);
}

async function send(
  channel: Channel & Required<Pick<Channel, 'digest'>>,
  { items, recipients }: Group,
): Promise<DeliveryResult> {
  if (items.length === 0) return { failure: 'none', error: null, deliveredTo: recipients, mayRetry: false };
  const messages = items.map(({ message }) => message);
  const result = await resultOf(channel, () => channel.digest.deliver(messages, recipients), []);
  return result.failure === 'none' ? { ...result, deliveredTo: recipients } : result;
}

/** Groups recipients who get exactly the same reminders, so that no one sees a reminder that is not for them. */
function groupsOf(channel: Channel & Required<Pick<Channel, 'digest'>>, items: Item[]): Group[] {
  const { recipientsOf } = channel.digest;
  if (recipientsOf === undefined) {
    for (const item of items) item.open = 1;
    return items.length === 0 ? [] : [{ items, recipients: [] }];
  }
  const byRecipient = new Map<string, Item[]>();
  for (const item of items) {
    const { deliveredTo } = item.lease.row;
    for (const recipient of new Set(recipientsOf(item.message))) {
      if (deliveredTo.includes(recipient)) continue;
      byRecipient.set(recipient, [...(byRecipient.get(recipient) ?? []), item]);
    }
  }
  const groups = new Map<string, Group>();
  for (const [recipient, own] of byRecipient) {
    const key = own.map((item) => items.indexOf(item)).join(' ');
    const group = groups.get(key) ?? { items: own, recipients: [] };
    group.recipients.push(recipient);
    groups.set(key, group);
  }
  for (const group of groups.values()) for (const item of group.items) item.open += 1;
  // The group with the most reminders comes first, because its people are responsible for everything.
  return [...groups.values()].sort((one, other) => other.items.length - one.items.length);
}

function combined(one: DeliveryResult, other: DeliveryResult): DeliveryResult {
  const errors = [one.error, other.error].filter((error) => error !== null);
  return {
    failure: other.failure === 'none' ? one.failure : other.failure,
    error: errors.length === 0 ? null : [...new Set(errors)].join('; '),
    deliveredTo: [...new Set([...one.deliveredTo, ...other.deliveredTo])],
    mayRetry: one.mayRetry || other.mayRetry,
  };
}

/** Extends leases that would end while the next message is sent. Marks those that another process took over. */
async function keepLeases({ db, now }: StoreContext, channel: Channel, items: Item[]): Promise<void> {
  const until = now() + timeoutOf(channel);
  for (const item of items) {
    const { row } = item.lease;
    if (item.open === 0 || item.isLost || row.leaseExpiresAt > until) continue;
    row.leaseExpiresAt = leaseEnd(channel, now());
    item.isLost = !(await extendLease(db, row));
  }
}
