import type { Logger } from 'pino';
import { currentProcess, type LeaseOwner } from '../process/lease-owner.ts';
import type { AlertSource } from '../reminders/alert.ts';
import type { Channel } from '../reminders/channels/channel.ts';
import { ChannelSet, type ChannelSource, fixedChannels } from '../reminders/channels/channel-set.ts';
import type { Delivery } from '../reminders/deliver.ts';
import { renewalAlertSource } from '../reminders/renewal-alerts.ts';
import { sendReminders } from '../reminders/send-reminders.ts';
import { nextHookAt } from '../store/profiles/activations.ts';
import type { ChannelName } from '../store/reminders/schedule.ts';
import { instant } from '../text/instant.ts';
import type { Vault } from '../vault/context.ts';
import { savedChannelNames } from '../vault/reminders/channel-settings.ts';
import { type HookRun, runDueHooks } from '../vault/renewals/run-renewal-hook.ts';
import { deleteExpired } from '../vault/tokens/delete-expired.ts';
import { verifyPendingTokens } from '../vault/tokens/verify-pending.ts';
import { checkNextToken } from './daily-check.ts';
import { sleep } from './sleep.ts';

export interface BackgroundJobs {
  /** Stops the jobs, after what is in progress has finished. */
  close(): Promise<void>;
}

export interface BackgroundJobOptions {
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** If absent, the channels that are set up, also those that are set up later. */
  channels?: Channel[];
  leaseOwner?: LeaseOwner;
  alertSources?: readonly AlertSource[];
  /** Runs the status check that is longest due, and tells whether to send an alert at once; null if none is due. */
  checkProvisioning?: () => Promise<{ alert: boolean } | null>;
  /** Returns numbers from 0 to 1. */
  random?: () => number;
  pause?: typeof sleep;
}

/** How often a job checks whether anything is due. After a clock change or a suspend it is late by no more. Milliseconds. */
const tickMs = 10 * 60_000;

/** How long to wait for the jobs to stop. Milliseconds. */
const closeTimeoutMs = 5_000;

/** From one check to the next, so that a thousand profiles cause no burst of requests: one to three seconds. */
const betweenChecksMs = 2_000;

/** The shortest pause between two looks at the renewal hooks. Milliseconds. */
const hookPauseMs = 30_000;

/** The first checks wait this long, or twice as long, because a server that has just started serves its users first. */
export const startDelayMs = 10_000;

/**
 * Starts the jobs of a running server: the reminders, the daily checks of the tokens and the status checks of provisioning.
 * Checks run one at a time, spread over the day; what they find is sent at once. No failure stops a job.
 */
export function startBackgroundJobs(vault: Vault, options: BackgroundJobOptions): BackgroundJobs {
  const { random = Math.random, pause = sleep, checkProvisioning } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const reminders = new ReminderJob(vault, options, signal);
  const every = async (job: () => Promise<number>) => {
    while (!signal.aborted) await pause(await job(), signal);
  };
  vault.renewals.listen({
    onRenewal: () => reminders.sendSoon(),
    onHook: (run) => logHook(options.log, run),
  });
  const afterStart = (job: () => Promise<number>) =>
    pause(startDelayMs * (1 + random()), signal).then(() => every(job));

  const jobs = [
    ...reminders.names.map((name) => every(() => reminders.sendOn(name).then(() => tickMs))),
    afterStart(() => checkToken(vault, { ...options, random }, reminders, signal)),
    ...(vault.settings.renewalHook === null
      ? []
      : [afterStart(() => runHooks(vault, options, reminders, signal))]),
    ...(checkProvisioning === undefined
      ? []
      : [afterStart(() => checkStatus(checkProvisioning, { ...options, random }, reminders))]),
  ];
  return {
    close: async () => {
      stopping.abort();
      // A delivery that is still waiting for its receiver is taken over by the next process.
      const timeout = new AbortController();
      await Promise.race([Promise.all([...jobs, reminders.idle()]), sleep(closeTimeoutMs, timeout.signal)]);
      timeout.abort();
      await reminders.closeChannels();
    },
  };
}

/** Sends the reminders, each channel by itself: one that takes minutes for a message delays none of the others. */
class ReminderJob {
  /** Every channel that may be set up while the server runs. */
  readonly names: readonly ChannelName[];
  readonly #source: ChannelSource;
  readonly #vault: Vault;
  readonly #options: BackgroundJobOptions;
  readonly #signal: AbortSignal;
  readonly #leaseOwner: LeaseOwner;
  readonly #sending = new Map<ChannelName, Promise<void>>();
  #isRunPlanned = false;

  constructor(vault: Vault, options: BackgroundJobOptions, signal: AbortSignal) {
    this.#vault = vault;
    this.#options = options;
    this.#signal = signal;
    this.#leaseOwner = options.leaseOwner ?? currentProcess();
    const { channels } = options;
    this.#source = channels === undefined ? new ChannelSet(vault) : fixedChannels(channels);
    this.names = channels?.length ? channels.map(({ name }) => name) : savedChannelNames;
  }

  async sendOnAll(): Promise<void> {
    await Promise.all(this.names.map((name) => this.sendOn(name)));
  }

  /** The same, without waiting. If a run is under way, one more run follows it. */
  sendSoon(): void {
    if (this.#isRunPlanned) return;
    this.#isRunPlanned = true;
    void this.idle().then(() => {
      this.#isRunPlanned = false;
      return this.sendOnAll();
    });
  }

  /** One run at a time on each channel: two at once would only find each other's leases. */
  sendOn(name: ChannelName): Promise<void> {
    const sending = (this.#sending.get(name) ?? Promise.resolve()).then(() => this.#run(name));
    this.#sending.set(name, sending);
    return sending;
  }

  async idle(): Promise<void> {
    await Promise.all(this.#sending.values());
  }

  async closeChannels(): Promise<void> {
    await this.#source.close();
  }

  async #run(name: ChannelName): Promise<void> {
    const { log, alertSources = [] } = this.#options;
    try {
      const all = await this.#source.current();
      const channels = all.filter((channel) => channel.name === name);
      // Without any channel, only the schedule is kept up to date.
      const keepsSchedule = all.length === 0 && name === this.names[0];
      if (channels.length === 0 && !keepsSchedule) return;
      await sendReminders(this.#vault, {
        channels,
        leaseOwner: this.#leaseOwner,
        alertSources: [renewalAlertSource(this.#vault), ...alertSources],
        signal: this.#signal,
        onDelivery: (delivery) => logDelivery(log, delivery),
      });
    } catch (error) {
      log.error({ err: error, channel: name }, 'sending reminders failed');
    }
  }
}

function logDelivery(
  log: BackgroundJobOptions['log'],
  { outcome, channel, trigger, profile, error }: Delivery,
): void {
  if (error === undefined) log.info({ channel, trigger, profile }, 'reminder sent');
  else if (outcome === 'sent')
    log.warn({ channel, trigger, profile, reason: error }, 'reminder not sent to all recipients');
  else log.warn({ channel, trigger, profile, reason: error }, 'reminder not sent');
}

/** Runs the daily check that is longest due. Returns how long to wait for the next one. Milliseconds. */
async function checkToken(
  vault: Vault,
  { log, random }: Pick<BackgroundJobOptions, 'log'> & { random: () => number },
  reminders: ReminderJob,
  signal: AbortSignal,
): Promise<number> {
  try {
    const checked = await checkNextToken(vault, random);
    if (checked === null) {
      // Tokens about which Webex could not be asked when they were stored.
      await verifyPendingTokens(vault, log, signal);
      await deleteExpired(vault);
      return tickMs;
    }
    const { profile, outcome, change, retryAfterMs } = checked;
    if (outcome !== 'ok') log.warn({ profile, outcome }, 'daily check of a token');
    if (change === 'rejected') await reminders.sendOnAll();
    return Math.max(retryAfterMs, betweenChecksMs * (0.5 + random()));
  } catch (error) {
    log.error({ err: error }, 'daily check failed');
    return tickMs;
  }
}

/** Runs the renewal hooks that are due: those that failed, and those that another process left behind. */
async function runHooks(
  vault: Vault,
  { log }: Pick<BackgroundJobOptions, 'log'>,
  reminders: ReminderJob,
  signal: AbortSignal,
): Promise<number> {
  try {
    await runDueHooks(vault, {
      signal,
      onHook: (run) => {
        logHook(log, run);
        if (run.error !== null) reminders.sendSoon();
      },
    });
    const next = await nextHookAt(vault.db);
    return Math.max(hookPauseMs, Math.min(tickMs, (next ?? Number.POSITIVE_INFINITY) - vault.now()));
  } catch (error) {
    log.error({ err: error }, 'running the renewal hook failed');
    return tickMs;
  }
}

function logHook(log: BackgroundJobOptions['log'], { profile, error, output, nextAt }: HookRun): void {
  if (error === null) log.info({ profile, output }, 'the renewal hook succeeded');
  else log.warn({ profile, reason: error, output, nextAttempt: instant(nextAt) }, 'the renewal hook failed');
}

/** The same for the provisioning status. */
async function checkStatus(
  checkProvisioning: NonNullable<BackgroundJobOptions['checkProvisioning']>,
  { log, random }: Pick<BackgroundJobOptions, 'log'> & { random: () => number },
  reminders: ReminderJob,
): Promise<number> {
  try {
    const checked = await checkProvisioning();
    if (checked === null) return tickMs;
    if (checked.alert) await reminders.sendOnAll();
    return betweenChecksMs * (0.5 + random());
  } catch (error) {
    log.error({ err: error }, 'check of the provisioning status failed');
    return tickMs;
  }
}
