import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Finding } from '../../provisioning/entra/review/finding.ts';
import { inspectProvisioning } from '../../provisioning/entra/status/inspect.ts';
import type { ProvisioningStatus } from '../../provisioning/entra/status/provisioning-status.ts';
import type { PushOptions } from '../../provisioning/push/provider-push.ts';
import type { DeviceCode, PushContext, PushEvent, StepResult } from '../../provisioning/push/push-context.ts';
import { pushProfile } from '../../provisioning/push/push-profile.ts';
import { canceled } from '../../provisioning/push/steps.ts';
import type { ProviderId } from '../../store/destinations.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';

/** One thing to do at a provider. */
export type PushTask =
  | ({ provider: ProviderId; task: 'push' } & Omit<PushOptions, 'dryRun'>)
  | { provider: 'entra'; task: 'check-status' };

/** How an errand stands. */
export interface PushTaskState {
  errand: PushTask;
  state: 'to-do' | 'under-way' | 'done' | 'failed';
  steps: StepResult[];
  /** What the person has to type, while that is waited for. */
  deviceCode: DeviceCode | null;
  /** Why nothing happens for a moment. */
  waiting: string | null;
  error: BrokerError | null;
  appName: string | null;
  status: ProvisioningStatus | null;
  findings: Finding[] | null;
}

export interface PushJob {
  id: string;
  profile: string;
  tasks: PushTaskState[];
  over: boolean;
}

/** What a hand-over needs of the world. */
export interface PushJobOptions {
  fetch: typeof globalThis.fetch;
  sleep: (milliseconds: number) => Promise<void>;
}

/** How many are maxRemembered, so that their pages can still be looked at. */
const maxRemembered = 100;

/**
 * The hand-overs that pages have begun. Each goes on by itself, whether anybody looks or not, and errand after errand:
 * one that fails keeps no other from its turn.
 */
export class PushJobs {
  readonly #vault: Vault;
  readonly #log: Logger;
  readonly #world: PushJobOptions;
  readonly #all = new Map<string, PushJob>();
  readonly #running = new Map<string, { done: Promise<void>; abort: AbortController }>();

  constructor(vault: Vault, log: Logger, world: PushJobOptions) {
    this.#vault = vault;
    this.#log = log;
    this.#world = world;
  }

  find(id: string): PushJob | null {
    return this.#all.get(id) ?? null;
  }

  /** Begins, unless something is under way for this profile: then that one is returned. */
  start(profile: string, tasks: PushTask[], actor: Actor): PushJob {
    for (const [id] of this.#running) {
      const other = this.#all.get(id);
      if (other?.profile === profile) return other;
    }
    const pushJob: PushJob = { id: newSecret(), profile, tasks: tasks.map(newTask), over: false };
    this.#all.set(pushJob.id, pushJob);
    this.#forgetOldest();
    const abort = new AbortController();
    const done = this.#runAll(pushJob, actor, abort.signal).finally(() => {
      pushJob.over = true;
      this.#running.delete(pushJob.id);
    });
    this.#running.set(pushJob.id, { done, abort });
    return pushJob;
  }

  /** Ends the waiting for a person's sign-in. What is past that goes on to its end. */
  stop(id: string): void {
    this.#running.get(id)?.abort.abort();
  }

  /** Resolves once nothing is under way; nobody is waited for any more. */
  async close(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #runAll({ profile, tasks }: PushJob, actor: Actor, signal: AbortSignal): Promise<void> {
    for (const state of tasks) {
      state.state = 'under-way';
      try {
        if (signal.aborted) throw canceled();
        await this.#run(profile, state, actor, signal);
        state.state = 'done';
      } catch (error) {
        state.state = 'failed';
        state.error = this.#explained(profile, error);
      }
      state.deviceCode = null;
      state.waiting = null;
    }
  }

  async #run(profile: string, state: PushTaskState, actor: Actor, signal: AbortSignal): Promise<void> {
    const { errand } = state;
    const context = this.#context(state, signal);
    if (errand.task === 'check-status') {
      const { app, status, findings } = await inspectProvisioning(this.#vault, profile, context);
      Object.assign(state, { appName: app.name, status, findings });
      return;
    }
    const { provider, task, ...options } = errand;
    const { app, status, findings } = await pushProfile(
      provider,
      this.#vault,
      profile,
      actor,
      options,
      context,
    );
    // Okta has neither a status nor a review.
    Object.assign(state, { appName: app.name, status, findings: provider === 'okta' ? null : findings });
  }

  #context(state: PushTaskState, signal: AbortSignal): PushContext {
    const { fetch, sleep } = this.#world;
    return {
      fetch,
      signal,
      sleep: async (milliseconds) => {
        await sleep(milliseconds);
        state.waiting = null;
      },
      onEvent: (event) => apply(event, state),
    };
  }

  #explained(profile: string, error: unknown): BrokerError {
    if (error instanceof BrokerError) return error;
    this.#log.error({ profile, ...toSafeError(error) }, 'push failed');
    return new BrokerError('E_INTERNAL', 'An unexpected error occurred.', {
      help: 'Try again. The terminal where the program runs shows more.',
    });
  }

  #forgetOldest(): void {
    for (const [id] of this.#all) {
      if (this.#all.size <= maxRemembered) return;
      if (!this.#running.has(id)) this.#all.delete(id);
    }
  }
}

function newTask(errand: PushTask): PushTaskState {
  return {
    errand,
    state: 'to-do',
    steps: [],
    deviceCode: null,
    waiting: null,
    error: null,
    appName: null,
    status: null,
    findings: null,
  };
}

/** Shows an event of the push on its page. */
function apply(event: PushEvent, state: PushTaskState): void {
  switch (event.type) {
    case 'step':
      state.deviceCode = null;
      state.steps.push(event.step);
      break;
    case 'request':
      // Microsoft Graph is called only after the person signed in.
      if (!event.request.url.includes('/oauth2/')) state.deviceCode = null;
      break;
    case 'device-code':
      state.deviceCode = event.code;
      break;
    case 'wait':
      state.waiting = `${event.reason}. Trying again in ${event.seconds} s.`;
  }
}
