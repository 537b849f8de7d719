import type { Logger } from 'pino';
import type { Alert } from '../reminders/alert.ts';
import type { Channel } from '../reminders/channels/channel.ts';
import { openChannels } from '../reminders/channels/open-channels.ts';
import { currentProcess, type LeaseOwner } from '../reminders/lease-owner.ts';
import { type Delivery, sendReminders } from '../reminders/send-reminders.ts';
import type { Vault } from '../vault/context.ts';
import { deleteExpiredTokens } from '../vault/tokens/delete-expired.ts';
import { verifyPendingTokens } from '../vault/tokens/verify-pending.ts';
import { checkNextToken } from './daily-check.ts';
import { sleep } from './sleep.ts';

export interface BackgroundJobs {
  /** Ends it, once what is under way is done. */
  close(): Promise<void>;
}

export interface WatchOptions {
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** What is set up, where absent. */
  channels?: Channel[];
  claimant?: LeaseOwner;
  /** What else there is to tell, found out before each sending. */
  notices?: () => Promise<Alert[]>;
  /** Does the one look that is longest due, and says whether there is something to tell at once; null: none is due. */
  checkProvisioning?: () => Promise<{ tell: boolean } | null>;
  /** Numbers from 0 to 1. */
  random?: () => number;
  pause?: typeof sleep;
}

/** How often it is looked whether anything is due. A clock that is set, or a machine that slept, costs no more. */
const tickMs = 10 * 60_000;

/** How long ending it may take. Milliseconds. */
const closeWithinMs = 5_000;

/** From one check or look to the next, so that a thousand profiles make no burst: one to three seconds. */
const betweenChecksMs = 2_000;

/**
 * What the running server does by itself: the daily checks and looks, one at a time and spread over the day, and the
 * reminders; those at once where a check finds that a token was rejected, or a look what is to be told. No failure ends it.
 */
export function startBackgroundJobs(vault: Vault, options: WatchOptions): BackgroundJobs {
  const {
    log,
    claimant = currentProcess(),
    random = Math.random,
    pause: wait = sleep,
    checkProvisioning,
    notices,
  } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const channels = Promise.resolve(options.channels ?? openChannels(vault.settings.reminders));
  const reminding = new Map<Channel | null, Promise<void>>();

  /** On one channel; null: where there is none, only what was planned is kept up to date. */
  const remindOn = (channel: Channel | null): Promise<void> => {
    // One after the other: two at once would only find each other's claims.
    const sending = (reminding.get(channel) ?? Promise.resolve()).then(async () => {
      try {
        await sendReminders(vault, {
          channels: channel === null ? [] : [channel],
          claimant,
          signal,
          notices: (await notices?.()) ?? [],
          onDelivery: tellOf,
        });
      } catch (error) {
        log.error({ err: error, channel: channel?.name }, 'the reminders could not be sent');
      }
    });
    reminding.set(channel, sending);
    return sending;
  };

  const tellOf = ({ outcome, channel, trigger, profile, error }: Delivery) => {
    if (error === undefined) log.info({ channel, trigger, profile }, 'a reminder was sent');
    else log.warn({ channel, trigger, profile, outcome, reason: error }, 'a reminder did not get through');
  };

  // Each channel by itself: one that takes minutes for a message, as mail servers may, holds up none of the others.
  const allChannels = channels.then((all) => (all.length === 0 ? [null] : all));
  const remind = async () => void (await Promise.all((await allChannels).map(remindOn)));

  const checkOne = async (): Promise<number> => {
    try {
      const checked = await checkNextToken(vault, random);
      if (checked === null) {
        // Tokens that Webex could not be asked about when they came in.
        await verifyPendingTokens(vault, log, signal);
        await deleteExpiredTokens(vault);
        return tickMs;
      }
      const { profile, outcome, change, retryAfterMs } = checked;
      if (outcome !== 'ok') log.warn({ profile, outcome }, 'a token was checked');
      if (change === 'rejected') await remind();
      return Math.max(retryAfterMs, betweenChecksMs * (0.5 + random()));
    } catch (error) {
      log.error({ err: error }, 'a check failed');
      return tickMs;
    }
  };

  const lookOne = async (next: NonNullable<typeof checkProvisioning>): Promise<number> => {
    try {
      const looked = await next();
      if (looked === null) return tickMs;
      if (looked.tell) await remind();
      return betweenChecksMs * (0.5 + random());
    } catch (error) {
      log.error({ err: error }, 'a look at provisioning failed');
      return tickMs;
    }
  };

  // A server that was only just started is left to those who started it.
  const firstCheckMs = 10_000 * (1 + random());
  const ticks = async (task: () => Promise<number>) => {
    while (!signal.aborted) await wait(await task(), signal);
  };
  const loops = [
    allChannels.then((all) =>
      Promise.all(
        all.map((channel) =>
          ticks(async () => {
            await remindOn(channel);
            return tickMs;
          }),
        ),
      ),
    ),
    wait(firstCheckMs, signal).then(() => ticks(checkOne)),
    ...(checkProvisioning === undefined
      ? []
      : [wait(firstCheckMs, signal).then(() => ticks(() => lookOne(checkProvisioning)))]),
  ];
  return {
    close: async () => {
      ending.abort();
      // What a slow receiver still holds up then is taken over by whoever comes next.
      const late = new AbortController();
      await Promise.race([Promise.all([...loops, ...reminding.values()]), sleep(closeWithinMs, late.signal)]);
      late.abort();
      for (const channel of await channels) channel.close();
    },
  };
}
