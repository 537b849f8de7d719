import { appOrigin } from '../config/settings.ts';
import { deliveryState } from '../domain/delivery.ts';
import { expiryOf } from '../domain/lifetimes.ts';
import { statusOf } from '../domain/profile-status.ts';
import { nextTurn } from '../next-turn.ts';
import type { LeaseOwner } from '../process/lease-owner.ts';
import { destinationsOf } from '../store/destinations.ts';
import { farFuture } from '../store/profiles/derived-columns.ts';
import { profileById } from '../store/profiles/profiles.ts';
import { tokenById } from '../store/profiles/tokens.ts';
import {
  type DueToken,
  dueTokens,
  recheckUnsent,
  remindersOf,
  remindersOn,
  scheduleNewChannels,
  setNextChecks,
} from '../store/reminders/reminders.ts';
import type { StoreContext } from '../vault/context.ts';
import type { Alert, AlertSource } from './alert.ts';
import type { Channel } from './channels/channel.ts';
import { type Attempt, type Delivery, deliver, errorText, leaseDelivery } from './deliver.ts';
import { deliverDigest, type Leased } from './deliver-digest.ts';
import { type DeliveryContext, decideDelivery, redeliveryDelayMs } from './delivery-policy.ts';
import { reminderMessage } from './message.ts';
import { planReminder } from './plan.ts';
import { rescheduleAfterClockOrConfigChange } from './reschedule.ts';

export interface SendOptions {
  channels: readonly Channel[];
  leaseOwner: LeaseOwner;
  /** The sources of alerts. */
  alertSources?: readonly AlertSource[];
  /** Sends only the alerts, no reminders about tokens. */
  onlyAlerts?: boolean;
  /** Retries failed deliveries without waiting for their delay. */
  retryNow?: boolean;
  signal?: AbortSignal;
  /** Called after each delivery, successful or not. */
  onDelivery?: (delivery: Delivery) => void;
  /** Called with the number of tokens checked so far. */
  onPlanned?: (count: number) => void;
}

/**
 * Sends all due reminders and alerts on each channel, one after another. A failed delivery is recorded and retried later. Any
 * number of processes may run this at once.
 */
export async function sendReminders(context: StoreContext, options: SendOptions): Promise<Delivery[]> {
  const { db, settings } = context;
  const startedAt = context.now();
  if (!options.onlyAlerts) {
    await rescheduleAfterClockOrConfigChange(db, startedAt, settings.reminders.days);
    await scheduleNewChannels(
      db,
      options.channels.map(({ name }) => name),
    );
  }
  const alerts = await alertsOf(options.alertSources ?? []);
  // In parallel, so that a slow or failing channel does not delay the others.
  const results = await Promise.allSettled(
    options.channels.map((channel) => sendOn(channel, context, { ...options, startedAt, alerts })),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

async function alertsOf(sources: readonly AlertSource[]): Promise<Alert[]> {
  return (await Promise.all(sources.map((source) => source.currentAlerts()))).flat();
}

interface Run extends SendOptions {
  /** Epoch milliseconds. */
  startedAt: number;
  alerts: readonly Alert[];
}

/** After this many failures in a row, a channel is considered down, and the rest waits for the next run. */
const maxFailuresInARow = 5;

async function sendOn(channel: Channel, context: StoreContext, run: Run): Promise<Delivery[]> {
  if (run.retryNow) await recheckUnsent(context.db, channel.name, run.startedAt);
  const deliveries: Delivery[] = [];
  let failures = 0;
  const report = ({ delivery, failure }: Attempt) => {
    deliveries.push(delivery);
    run.onDelivery?.(delivery);
    failures =
      failure === 'none' || failure === 'message'
        ? 0
        : failures + (failure === 'timeout' ? maxFailuresInARow : 1);
  };
  const maxTogether = channel.digest === undefined ? 1 : maxInDigest;
  let together: Prepared[] = [];
  const sendTogether = async () => {
    const attempts = await sendPrepared(context, channel, together);
    together = [];
    for (const attempt of attempts) report(attempt);
  };
  for await (const prepare of dueOn(channel, context, run)) {
    if (run.signal?.aborted || failures >= maxFailuresInARow) break;
    const prepared = await prepare();
    if (prepared === null) continue;
    if ('failure' in prepared) report(prepared);
    else together.push(prepared);
    if (together.length >= maxTogether) await sendTogether();
  }
  // After an abort, another process takes over leased but unsent reminders once this process has exited.
  if (together.length > 0 && !run.signal?.aborted) await sendTogether();
  return deliveries;
}

/** The maximum number of reminders in one message. */
const maxInDigest = 500;

/** A reminder that is leased and written. */
interface Prepared extends Leased {
  /** Stores when the channel has to check this token again. */
  finish(attempt: Attempt): Promise<void>;
}

async function sendPrepared(
  context: StoreContext,
  channel: Channel,
  prepared: readonly Prepared[],
): Promise<Attempt[]> {
  const { digest } = channel;
  const attempts: Attempt[] = [];
  if (digest === undefined) {
    for (const { message, lease } of prepared) attempts.push(await deliver(context, channel, message, lease));
  } else attempts.push(...(await deliverDigest(context, { ...channel, digest }, prepared)));
  for (const attempt of attempts) {
    await prepared.find(({ message }) => message.id === attempt.messageId)?.finish(attempt);
  }
  return attempts;
}

/** How many tokens are planned in one turn of the event loop. */
const batchSize = 50;

/** The messages that are due on a channel: first the reminders about tokens, then the alerts. */
async function* dueOn(
  channel: Channel,
  context: StoreContext,
  run: Run,
): AsyncGenerator<() => Promise<Prepared | Attempt | null>> {
  const seen = new Set<string>();
  let stillDue = 0;
  while (!run.onlyAlerts) {
    // A token that stays due after it was processed must not hide those behind it.
    const found = await dueTokens(context.db, channel.name, run.startedAt, batchSize + stillDue);
    const fresh = found.filter(({ id }) => !seen.has(id));
    stillDue = found.length - fresh.length;
    if (fresh.length === 0 || run.signal?.aborted) break;
    for (const { id } of fresh) seen.add(id);
    for (const token of await planBatch(context, channel, fresh, run)) {
      yield () =>
        prepareReminder(context, channel, token, run).catch((error: unknown) =>
          reportUnreadable(context, channel, token, error),
        );
    }
    run.onPlanned?.(seen.size);
    await nextTurn();
  }
  const alerts = run.alerts.filter(({ forPrograms }) => !forPrograms || channel.forPrograms);
  for (const alert of alerts) yield () => prepareAlert(context, channel, alert, run);
}

/** The tokens about which a reminder has to be sent now. For the others, stores when they have to be checked next. */
async function planBatch(
  context: StoreContext,
  channel: Channel,
  tokens: readonly DueToken[],
  run: Run,
): Promise<DueToken[]> {
  const { db, settings } = context;
  const { days } = settings.reminders;
  const ids = tokens.map(({ id }) => id);
  const rows = await remindersOn(db, channel.name, ids);
  const delivery = deliveryContext(run, context.now());
  const plans = tokens.map((token) => ({
    token,
    plan: planReminder(token, rows.get(token.id) ?? [], days, delivery),
  }));
  const later = plans.flatMap(({ token, plan }) =>
    plan.due === null ? [{ token, at: plan.nextCheckAt }] : [],
  );
  await setNextChecks(db, channel.name, later);
  return plans.filter(({ plan }) => plan.due !== null).map(({ token }) => token);
}

/** Leases and creates the reminder about a token. Plans it again, because sending earlier reminders may have taken a while. */
async function prepareReminder(
  context: StoreContext,
  channel: Channel,
  found: DueToken,
  run: Run,
): Promise<Prepared | null> {
  const { db, settings } = context;
  const now = context.now();
  const token = await tokenById(db, found.id);
  if (token?.state !== 'current') return null;
  const profile = await profileById(db, token.profileId);
  const dates = {
    ...found,
    expiresAt: expiryOf(token.lifetimes).expiresAt,
    rejectedAt: token.rejectedAt,
    undeliveredUntil: profile.undeliveredUntil,
  };
  const rows = (await remindersOn(db, channel.name, [found.id])).get(found.id) ?? [];
  const plan = planReminder(dates, rows, settings.reminders.days, deliveryContext(run, now));
  const checkAgainAt = (at: number) => setNextChecks(db, channel.name, [{ token: found, at }]);
  if (plan.due === null) {
    await checkAgainAt(plan.nextCheckAt);
    return null;
  }
  const { trigger, send } = plan.due;
  const event = { ...trigger, tokenId: found.id, destinationId: null };
  const lease = await leaseDelivery(context, channel, { event, send, owner: run.leaseOwner, now });
  if (!lease.isHeld) {
    await checkAgainAt(Math.min(lease.expiresAt, plan.nextTriggerAt));
    return null;
  }
  const destinations = await destinationsOf(db, profile.id);
  const outdated =
    statusOf(profile, token, now) === 'undelivered'
      ? destinations.filter((each) => deliveryState(each, token.id) === 'earlier')
      : [];
  const origin = appOrigin(settings);
  const message = reminderMessage({
    profile,
    token,
    outdated,
    destinations,
    origin,
    due: trigger,
    now: context.now(),
  });
  const finish = ({ retryAt }: Attempt) => checkAgainAt(Math.min(retryAt ?? farFuture, plan.nextTriggerAt));
  return { lease, message, finish };
}

/** Reports a reminder that cannot be written because its row is damaged. The others are still sent. */
async function reportUnreadable(
  { db, now }: StoreContext,
  channel: Channel,
  token: DueToken,
  error: unknown,
): Promise<Attempt> {
  const retryAt = now() + redeliveryDelayMs(1);
  // If the store itself fails, this throws and ends the run.
  await setNextChecks(db, channel.name, [{ token, at: retryAt }]);
  return {
    failure: 'message',
    retryAt,
    messageId: '',
    delivery: {
      profile: token.profileId,
      channel: channel.name,
      trigger: 'unknown',
      outcome: 'failed',
      subject: `The reminder for the profile with the ID ${token.profileId} could not be written`,
      error: errorText(error),
    },
  };
}

/** An alert has no next check, because its source reports it in each run as long as the event lasts. */
async function prepareAlert(
  context: StoreContext,
  channel: Channel,
  alert: Alert,
  run: Run,
): Promise<Prepared | null> {
  const now = context.now();
  const rows = await remindersOf(context.db, alert.tokenId, channel.name);
  const send = decideDelivery(
    alert,
    rows.filter(
      ({ trigger, destinationId }) => trigger === alert.trigger && destinationId === alert.destinationId,
    ),
    ({ eventAt }) => eventAt === alert.eventAt,
    deliveryContext(run, now),
  );
  if (send.do !== 'send') return null;
  const lease = await leaseDelivery(context, channel, { event: alert, send, owner: run.leaseOwner, now });
  if (!lease.isHeld) return null;
  return { lease, message: await alert.message(), finish: async () => {} };
}

function deliveryContext({ leaseOwner, retryNow = false }: SendOptions, now: number): DeliveryContext {
  return { now, hasExited: leaseOwner.hasExited, retryNow };
}
