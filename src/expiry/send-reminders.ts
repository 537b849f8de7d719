import { never } from '../store/profile-standing.ts';
import { profileById } from '../store/profiles.ts';
import {
  type ChannelName,
  type Claim,
  claimReminder,
  type DueToken,
  dueTokens,
  lookAtUnsent,
  recordFailed,
  recordSent,
  remindersOf,
  setNextLook,
} from '../store/reminders.ts';
import { count } from '../store/tallies.ts';
import { tokenById } from '../store/tokens.ts';
import { expiryOf } from '../tokens/lifetimes.ts';
import type { Records } from '../vault/vault.ts';
import { displayable } from '../webex/text.ts';
import { type Channel, DeliveredInPart } from './channel.ts';
import type { Claimant } from './claimant.ts';
import { heedClockAndDays } from './heed-clock.ts';
import { claimMs, type Decision, decide, pauseAfter, standsFor } from './ledger.ts';
import { type ReminderMessage, reminderMessage } from './message.ts';
import type { Notice } from './notice.ts';
import { nextOccasionAt, type Reminded, reachedAt } from './occasions.ts';

/** What became of one reminder. */
export interface Delivery {
  profile: string;
  channel: ChannelName;
  occasion: string;
  outcome: 'sent' | 'failed';
  /** What was said, in one line. */
  subject: string;
  /** Why it failed; of what was sent: who does not get it. */
  error?: string;
}

export interface SendOptions {
  channels: readonly Channel[];
  claimant: Claimant;
  /** What else there is to tell. */
  notices?: readonly Notice[];
  /** Tries again at once what failed, in place of waiting for its pause to end. */
  impatient?: boolean;
  signal?: AbortSignal;
}

/** How long one sending may take, well below the time that its claim holds. Milliseconds. */
const deliveryTimeoutMs = 60_000;

/**
 * Sends every reminder that is due, on each channel, one after the other. A failed one is recorded and tried again
 * later. May run in any number of processes at once.
 */
export async function sendReminders(records: Records, options: SendOptions): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const { db, settings } = records;
  const startedAt = records.now();
  await heedClockAndDays(db, startedAt, settings.reminders.days);
  for (const channel of options.channels) {
    if (options.impatient) await lookAtUnsent(db, channel.name);
    await sendOn(channel, records, { ...options, startedAt, deliveries });
  }
  return deliveries;
}

interface Run extends SendOptions {
  /** Epoch milliseconds. */
  startedAt: number;
  deliveries: Delivery[];
}

/** After so many failures in a row the channel itself is taken to be down, and the rest waits for the next run. */
const downAfter = 5;

async function sendOn(channel: Channel, records: Records, run: Run): Promise<void> {
  let failures = 0;
  for await (const due of whatIsDue(channel, records, run)) {
    if (run.signal?.aborted || failures >= downAfter) return;
    const delivery = await due();
    if (delivery === null) continue;
    run.deliveries.push(delivery);
    failures = delivery.outcome === 'failed' ? failures + 1 : 0;
  }
}

/** One after the other: the tokens that it may be time to speak of, then the notices. */
async function* whatIsDue(
  channel: Channel,
  records: Records,
  run: Run,
): AsyncGenerator<() => Promise<Delivery | null>> {
  const seen = new Set<string>();
  for (;;) {
    const due = await dueTokens(records.db, channel.name, run.startedAt, 100);
    const fresh = due.filter(({ id }) => !seen.has(id));
    if (fresh.length === 0) break;
    for (const found of fresh) {
      seen.add(found.id);
      yield () => remind(records, channel, found, run);
    }
  }
  for (const notice of run.notices ?? []) yield () => tell(records, channel, notice, run);
}

async function remind(
  records: Records,
  channel: Channel,
  found: DueToken,
  options: SendOptions,
): Promise<Delivery | null> {
  const { db, settings } = records;
  const now = records.now();
  const tokenId = found.id;
  const token = await tokenById(db, tokenId);
  if (token?.state !== 'current') return null;
  const { days } = settings.reminders;
  const reminded: Reminded = { ...token, expiresAt: expiryOf(token.lifetimes).expiresAt };
  const nextOccasion = nextOccasionAt(reminded, days, now) ?? never;
  const lookAgain = (at: number) => setNextLook(db, channel.name, found, Math.min(at, nextOccasion));

  const reached = reachedAt(reminded, days, now);
  const decision: Decision =
    reached === null
      ? { do: 'nothing' }
      : decide(
          reached,
          await remindersOf(db, tokenId, channel.name),
          standsFor(reminded),
          lookingOf(options, now),
        );
  if (reached === null || decision.do === 'nothing') {
    await lookAgain(never);
    return null;
  }
  if (decision.do === 'wait') {
    await lookAgain(decision.until);
    return null;
  }
  const claim = claimOf({ ...reached, tokenId }, channel, decision.attempt, options.claimant, now);
  if (!(await claimReminder(db, claim, decision.known))) {
    await lookAgain(now + claimMs);
    return null;
  }
  const profile = await profileById(db, token.profileId);
  const message = reminderMessage({ profile, token, reached, now: records.now() });
  return await deliver(records, channel, message, claim, lookAgain);
}

/** A notice has no next look: whether it still holds is found out anew each time. */
async function tell(
  records: Records,
  channel: Channel,
  notice: Notice,
  options: SendOptions,
): Promise<Delivery | null> {
  const { db } = records;
  const now = records.now();
  const { tokenId, occasion, aboutAt } = notice;
  const decision = decide(
    notice,
    (await remindersOf(db, tokenId, channel.name)).filter((row) => row.occasion === occasion),
    (row) => row.aboutAt === aboutAt,
    lookingOf(options, now),
  );
  if (decision.do !== 'send') return null;
  const claim = claimOf(notice, channel, decision.attempt, options.claimant, now);
  if (!(await claimReminder(db, claim, decision.known))) return null;
  return await deliver(records, channel, await notice.message(), claim, async () => {});
}

function lookingOf({ claimant, impatient = false }: SendOptions, now: number) {
  return { now, isGone: claimant.isGone, impatient };
}

function claimOf(
  { tokenId, occasion, aboutAt }: Pick<Claim, 'tokenId' | 'occasion' | 'aboutAt'>,
  channel: Channel,
  attempt: number,
  claimant: Claimant,
  now: number,
): Claim {
  const claimedUntil = now + claimMs;
  return {
    tokenId,
    occasion,
    aboutAt,
    channel: channel.name,
    attempt,
    claimedBy: claimant.id,
    claimedUntil,
    now,
  };
}

async function deliver(
  { db, now }: Records,
  channel: Channel,
  message: ReminderMessage,
  claim: Claim,
  lookAgain: (at: number) => Promise<void>,
): Promise<Delivery> {
  const about = {
    profile: message.data.profile,
    channel: channel.name,
    occasion: message.occasion,
    subject: message.subject,
  };
  let missed: string | null = null;
  try {
    await withinTime(channel.deliver(message));
  } catch (failure) {
    const error = displayable(failure instanceof Error ? failure.message : String(failure), 300);
    if (!(failure instanceof DeliveredInPart)) {
      const retryAt = now() + pauseAfter(claim.attempt);
      await recordFailed(db, claim, { now: now(), retryAt, error });
      await lookAgain(retryAt);
      await count(db, 'reminders', `${channel.name} failed`);
      return { ...about, outcome: 'failed', error };
    }
    missed = error;
  }
  await recordSent(db, claim, now(), missed);
  await lookAgain(never);
  await count(db, 'reminders', `${channel.name} sent`);
  return { ...about, outcome: 'sent', ...(missed !== null && { error: missed }) };
}

async function withinTime(delivery: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took longer than a minute')), deliveryTimeoutMs);
  });
  try {
    await Promise.race([delivery, late]);
  } finally {
    clearTimeout(timer);
  }
}
