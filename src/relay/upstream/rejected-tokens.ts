import type { Logger } from 'pino';
import { currentOf, type Token } from '../../domain/token.ts';
import { currentProcess } from '../../process/lease-owner.ts';
import { openChannels } from '../../reminders/channels/open-channels.ts';
import { sendReminders } from '../../reminders/send-reminders.ts';
import { tokensOf } from '../../store/profiles/tokens.ts';
import type { Vault } from '../../vault/context.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import { type Rejection, recordUnauthorized } from '../../vault/tokens/reject-token.ts';

/** How often to look for a new token while one is being verified. Milliseconds. */
const pollMs = 150;

/** A running verification takes less time than this. A token that is pending for longer waits for a person. Milliseconds. */
const runningForMs = 60_000;

/** How long a token that Webex accepts, but its SCIM service does not, is not checked again. Milliseconds. */
const verdictForMs = 60_000;

/**
 * Handles tokens that Webex rejects. Requests with the same token share one wait, one check with Webex and one reminder.
 */
export class RejectedTokens {
  readonly #vault: Vault;
  readonly #log: Pick<Logger, 'warn' | 'error'>;
  readonly #verificationMs: number;
  readonly #remind: () => Promise<void>;
  readonly #waits = new Map<string, Promise<void>>();
  readonly #verdicts = new Map<string, Promise<Rejection>>();
  /** Tokens that Webex accepts although its SCIM service does not, on the clock of `performance.now()`. */
  readonly #acceptedUntil = new Map<string, number>();
  #reminding: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    vault: Vault,
    log: Pick<Logger, 'warn' | 'error'>,
    options: { verificationMs: number; remind?: () => Promise<void> },
  ) {
    this.#vault = vault;
    this.#log = log;
    this.#verificationMs = options.verificationMs;
    this.#remind = options.remind ?? (() => remindNow(vault));
  }

  /** Resolves once no new token of the profile is being verified, at most after a few seconds. */
  async waitForNewToken(profileId: string): Promise<void> {
    await shared(this.#waits, profileId, () => this.#wait(profileId));
  }

  /**
   * Called after Webex responded with 401. Resolves once the profile may have another token, or once the store contains the
   * reason why this one was rejected. Never rejects.
   */
  async handle(profileId: string, tokenId: string): Promise<void> {
    try {
      await this.waitForNewToken(profileId);
      if ((await this.#currentId(profileId)) !== tokenId) return;
      if ((this.#acceptedUntil.get(tokenId) ?? 0) > performance.now()) return;
      await shared(this.#verdicts, tokenId, () => this.#reject(tokenId));
    } catch (error) {
      this.#log.error({ err: error }, 'a rejected token could not be recorded');
    }
  }

  /** Resolves once the reminders that were started are sent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reminding;
  }

  async #wait(profileId: string): Promise<void> {
    const { db, now } = this.#vault;
    const isRunning = ({ state, capturedAt }: Token) =>
      state === 'pending' && Math.abs(now() - capturedAt) < runningForMs;
    const deadline = performance.now() + this.#verificationMs;
    while (!this.#closed && performance.now() < deadline) {
      if (!(await tokensOf(db, profileId)).some(isRunning)) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async #currentId(profileId: string): Promise<string | null> {
    return currentOf(await tokensOf(this.#vault.db, profileId))?.id ?? null;
  }

  async #reject(tokenId: string): Promise<Rejection> {
    const verdict = await recordUnauthorized(this.#vault, tokenId);
    if (verdict === 'rejected') {
      this.#reminding = this.#reminding
        .then(this.#remind)
        .catch((error: unknown) => this.#log.error({ err: error }, 'sending reminders failed'));
    }
    if (verdict === 'accepted') {
      this.#acceptedUntil.set(tokenId, performance.now() + verdictForMs);
    }
    return verdict;
  }
}

async function shared<T>(running: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const known = running.get(key);
  if (known !== undefined) return await known;
  const started = work();
  running.set(key, started);
  try {
    return await started;
  } finally {
    if (running.get(key) === started) running.delete(key);
  }
}

async function remindNow(vault: Vault): Promise<void> {
  const channels = await openChannels(await effectiveReminders(vault));
  try {
    await sendReminders(vault, { channels, leaseOwner: currentProcess() });
  } finally {
    for (const channel of channels) channel.close();
  }
}
