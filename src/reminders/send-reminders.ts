import { expiryOf } from '../domain/lifetimes.ts';
import { type DueTrigger, dueTriggerAt, nextTriggerAt } from '../domain/reminder-triggers.ts';
import { nextTurn } from '../next-turn.ts';
import { incrementCounter } from '../store/meta/counters.ts';
import { farFuture } from '../store/profiles/derived-columns.ts';
import { profileById } from '../store/profiles/profiles.ts';
import { tokenById } from '../store/profiles/tokens.ts';
import type { ChannelName } from '../store/reminder-schedule.ts';
import {
  type DueToken,
  dueTokens,
  type Lease,
  leaseReminder,
  type Reminder,
  recheckUnsent,
  recordFailed,
  recordSent,
  remindersOf,
  remindersOn,
  setNextLooks,
} from '../store/reminders.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import type { StoreContext } from '../vault/context.ts';
import type { Alert } from './alert.ts';
import { type Channel, ChannelSilent, NotForEveryone } from './channels/channel.ts';
import {
  claimFor,
  type Decision,
  type DeliveryContext,
  decideDelivery,
  deliveryTimeoutMs,
  isSameEvent,
  retryDelayMs,
} from './delivery-policy.ts';
import type { LeaseOwner } from './lease-owner.ts';
import { type ReminderMessage, reminderMessage } from './message.ts';
import { rescheduleAfterClockOrConfigChange } from './reschedule.ts';

/** What became of one reminder. */
export interface Delivery {
  profile: string;
  channel: ChannelName;
  trigger: string;
  outcome: 'sent' | 'failed';
  /** What was said, in one line. */
  subject: string;
  /** Why it failed; of what was sent: who does not get it. */
  error?: string;
}

export interface SendOptions {
  channels: readonly Channel[];
  claimant: LeaseOwner;
  /** What else there is to tell. */
  notices?: readonly Alert[];
  /** Tries again at once what failed, in place of waiting for its pause to end. */
  retryNow?: boolean;
  signal?: AbortSignal;
  /** Told each one as soon as it is sent, or failed. */
  onDelivery?: (delivery: Delivery) => void;
  /** Told how many tokens were looked at so far. */
  onPlanned?: (count: number) => void;
}

/**
 * Sends every reminder that is due, on each channel, one after the other. A failed one is recorded and tried again
 * later. May run in any number of processes at once.
 */
export async function sendReminders(records: StoreContext, options: SendOptions): Promise<Delivery[]> {
  const { db, settings } = records;
  const startedAt = records.now();
  await rescheduleAfterClockOrConfigChange(db, startedAt, settings.reminders.days);
  // At the same time, so that a channel that is slow or fails holds up none of the others.
  const results = await Promise.allSettled(
    options.channels.map((channel) => sendOn(channel, records, { ...options, startedAt })),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

interface Run extends SendOptions {
  /** Epoch milliseconds. */
  startedAt: number;
}

/** After so many failures in a row the channel itself is taken to be down, and the rest waits for the next run. */
const downAfter = 5;

async function sendOn(channel: Channel, records: StoreContext, run: Run): Promise<Delivery[]> {
  if (run.retryNow) await recheckUnsent(records.db, channel.name, run.startedAt);
  const deliveries: Delivery[] = [];
  let failures = 0;
  for await (const due of whatIsDue(channel, records, run)) {
    if (run.signal?.aborted || failures >= downAfter) break;
    const attempt = await due();
    if (attempt === null) continue;
    deliveries.push(attempt.delivery);
    run.onDelivery?.(attempt.delivery);
    failures = attempt.channelFailures === 0 ? 0 : failures + attempt.channelFailures;
  }
  return deliveries;
}

interface Attempt {
  delivery: Delivery;
  /** How much it says against the channel itself: nothing where the message or a recipient was the reason. */
  channelFailures: number;
}

/** As many tokens are planned in one turn of the event loop. */
const dueAtOnce = 50;

/** One after the other: the tokens that it is time to speak of, then the notices. */
async function* whatIsDue(
  channel: Channel,
  records: StoreContext,
  run: Run,
): AsyncGenerator<() => Promise<Attempt | null>> {
  const seen = new Set<string>();
  let again = 0;
  for (;;) {
    // What stays due though it was handled must not hide what comes after it.
    const due = await dueTokens(records.db, channel.name, run.startedAt, dueAtOnce + again);
    const fresh = due.filter(({ id }) => !seen.has(id));
    again = due.length - fresh.length;
    if (fresh.length === 0 || run.signal?.aborted) break;
    for (const { id } of fresh) seen.add(id);
    for (const found of await toSpeakOf(records, channel, fresh, run)) {
      yield () =>
        remind(records, channel, found, run).catch((failure: unknown) =>
          notMade(records, channel, found, failure),
        );
    }
    run.onPlanned?.(seen.size);
    await nextTurn();
  }
  for (const notice of run.notices ?? []) yield () => tell(records, channel, notice, run);
}

/** Those of the tokens of which there is something to say now; when to look at the others again is kept at once. */
async function toSpeakOf(
  records: StoreContext,
  channel: Channel,
  found: readonly DueToken[],
  run: Run,
): Promise<DueToken[]> {
  const now = records.now();
  const rows = await remindersOn(
    records.db,
    channel.name,
    found.map(({ id }) => id),
  );
  const planned = found.map((token) => ({
    token,
    ...planOf(token, rows.get(token.id) ?? [], records, lookingOf(run, now)),
  }));
  await setNextLooks(
    records.db,
    channel.name,
    planned.flatMap(({ token, lookAt }) => (lookAt === null ? [] : [{ token, at: lookAt }])),
  );
  return planned.filter(({ lookAt }) => lookAt === null).map(({ token }) => token);
}

interface Plan {
  reached: DueTrigger | null;
  decision: Decision;
  /** The next trigger that can be foreseen. Epoch milliseconds. */
  nextTrigger: number;
  /** When there may be something to say; null: now. Epoch milliseconds. */
  lookAt: number | null;
}

function planOf(
  token: DueToken,
  rows: readonly Reminder[],
  { settings }: StoreContext,
  looking: DeliveryContext,
): Plan {
  const { days } = settings.reminders;
  const reached = dueTriggerAt(token, days, looking.now);
  const nextTrigger = nextTriggerAt(token, days, looking.now) ?? farFuture;
  const decision: Decision =
    reached === null ? { do: 'nothing' } : decideDelivery(reached, rows, isSameEvent(token), looking);
  const until = decision.do === 'wait' ? decision.until : farFuture;
  return {
    reached,
    decision,
    nextTrigger,
    lookAt: decision.do === 'send' ? null : Math.min(until, nextTrigger),
  };
}

/** Sends what there is to say of a token, by how it stands now: sending the ones before it may have taken a while. */
async function remind(
  records: StoreContext,
  channel: Channel,
  found: DueToken,
  options: SendOptions,
): Promise<Attempt | null> {
  const { db } = records;
  const now = records.now();
  const token = await tokenById(db, found.id);
  if (token?.state !== 'current') return null;
  const due = { ...found, expiresAt: expiryOf(token.lifetimes).expiresAt, rejectedAt: token.rejectedAt };
  const rows = (await remindersOn(db, channel.name, [due.id])).get(due.id) ?? [];
  const { reached, decision, nextTrigger, lookAt } = planOf(due, rows, records, lookingOf(options, now));
  const lookAgain = (at: number) =>
    setNextLooks(db, channel.name, [{ token: due, at: Math.min(at, nextTrigger) }]);
  if (reached === null || decision.do !== 'send') {
    await lookAgain(lookAt ?? farFuture);
    return null;
  }
  const claim = claimOf(
    { ...reached, tokenId: due.id, destinationId: null },
    channel,
    decision,
    options.claimant,
    now,
  );
  if (!(await leaseReminder(db, claim, decision.known))) {
    await lookAgain(claim.leaseExpiresAt);
    return null;
  }
  const profile = await profileById(db, token.profileId);
  const message = reminderMessage({ profile, token, reached, now: records.now() });
  return await deliver(records, channel, message, claim, lookAgain);
}

/** A reminder that cannot be made, because its row is damaged: it is reported, and the others go on. */
async function notMade(
  { db, now }: StoreContext,
  channel: Channel,
  found: DueToken,
  failure: unknown,
): Promise<Attempt> {
  const retryAt = now() + retryDelayMs(1);
  // Where the store itself fails, this throws, and ends the run.
  await setNextLooks(db, channel.name, [{ token: found, at: retryAt }]);
  return {
    channelFailures: 0,
    delivery: {
      profile: found.profileId,
      channel: channel.name,
      trigger: 'unknown',
      outcome: 'failed',
      subject: `The reminder for the profile with the ID ${found.profileId} could not be written`,
      error: messageOf(failure),
    },
  };
}

/** A notice has no next look: whether it still holds is found out anew each time. */
async function tell(
  records: StoreContext,
  channel: Channel,
  notice: Alert,
  options: SendOptions,
): Promise<Attempt | null> {
  const { db } = records;
  const now = records.now();
  const { tokenId, trigger, destinationId, eventAt } = notice;
  const decision = decideDelivery(
    notice,
    (await remindersOf(db, tokenId, channel.name)).filter(
      (row) => row.trigger === trigger && row.destinationId === destinationId,
    ),
    (row) => row.eventAt === eventAt,
    lookingOf(options, now),
  );
  if (decision.do !== 'send') return null;
  const claim = claimOf(notice, channel, decision, options.claimant, now);
  if (!(await leaseReminder(db, claim, decision.known))) return null;
  return await deliver(records, channel, await notice.message(), claim, async () => {});
}

function lookingOf({ claimant, retryNow = false }: SendOptions, now: number): DeliveryContext {
  return { now, hasExited: claimant.hasExited, retryNow: retryNow };
}

function claimOf(
  {
    tokenId,
    trigger,
    destinationId,
    eventAt,
  }: Pick<Lease, 'tokenId' | 'trigger' | 'destinationId' | 'eventAt'>,
  channel: Channel,
  { attempt, deliveredTo }: Extract<Decision, { do: 'send' }>,
  claimant: LeaseOwner,
  now: number,
): Lease {
  const leaseExpiresAt = now + claimFor(channel.timeoutMs ?? deliveryTimeoutMs);
  return {
    tokenId,
    trigger,
    destinationId,
    eventAt,
    channel: channel.name,
    attempt,
    leaseOwner: claimant.id,
    leaseExpiresAt,
    now,
    deliveredTo,
  };
}

async function deliver(
  { db, now }: StoreContext,
  channel: Channel,
  message: ReminderMessage,
  claim: Lease,
  lookAgain: (at: number) => Promise<void>,
): Promise<Attempt> {
  const about = {
    profile: message.data.profile,
    channel: channel.name,
    trigger: message.trigger,
    subject: message.subject,
  };
  let missed: string | null = null;
  try {
    await withinTime(channel.deliver(message, claim.deliveredTo), channel.timeoutMs ?? deliveryTimeoutMs);
  } catch (failure) {
    const error = messageOf(failure);
    const partly = failure instanceof NotForEveryone ? failure : null;
    const deliveredTo = partly?.deliveredTo ?? claim.deliveredTo;
    // Where nobody has it, it is tried again even if the recipients are refused for good: somebody may set that right.
    if (partly === null || partly.mayRetry || deliveredTo.length === 0) {
      const retryAt = now() + retryDelayMs(claim.attempt);
      await recordFailed(db, claim, { now: now(), retryAt, error, deliveredTo });
      await lookAgain(retryAt);
      await incrementCounter(db, 'reminders', `${channel.name} failed`);
      return {
        delivery: { ...about, outcome: 'failed', error },
        channelFailures: partly !== null ? 0 : failure instanceof ChannelSilent ? downAfter : 1,
      };
    }
    missed = error;
  }
  await recordSent(db, claim, now(), missed);
  await lookAgain(farFuture);
  await incrementCounter(db, 'reminders', `${channel.name} sent`);
  return {
    delivery: { ...about, outcome: 'sent', ...(missed !== null && { error: missed }) },
    channelFailures: 0,
  };
}

function messageOf(failure: unknown): string {
  return sanitizeForDisplay(failure instanceof Error ? failure.message : String(failure), 300);
}

async function withinTime(delivery: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `it took longer than ${timeoutMs / 60_000} minutes`;
    timer = setTimeout(() => reject(new ChannelSilent(words)), timeoutMs);
  });
  try {
    await Promise.race([delivery, late]);
  } finally {
    clearTimeout(timer);
  }
}
