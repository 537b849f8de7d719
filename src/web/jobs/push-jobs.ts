import type { Logger } from 'pino';
import type { ProviderId } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Finding } from '../../provisioning/entra/review/finding.ts';
import { inspectProvisioning } from '../../provisioning/entra/status/inspect.ts';
import type { ProvisioningStatus } from '../../provisioning/entra/status/provisioning-status.ts';
import type { PushOptions } from '../../provisioning/push/provider-push.ts';
import type { DeviceCode, PushContext, PushEvent, StepResult } from '../../provisioning/push/push-context.ts';
import { pushProfile } from '../../provisioning/push/push-profile.ts';
import { canceled } from '../../provisioning/push/steps.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';

/** One action at a provider. */
export type PushTask =
  | ({ provider: ProviderId; action: 'push' } & Omit<PushOptions, 'dryRun'>)
  | { provider: 'entra'; action: 'check-status' };

/** The progress of one task. */
export interface PushTaskState {
  task: PushTask;
  state: 'to-do' | 'under-way' | 'done' | 'failed';
  steps: StepResult[];
  /** The code that the person has to enter; null once they have signed in. */
  deviceCode: DeviceCode | null;
  /** Reasons why the provider may not be able to reach this server. */
  warnings: string[];
  /** Why the next step is delayed. */
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

/** What the jobs need to call the providers. */
export interface PushJobOptions {
  fetch: typeof globalThis.fetch;
  sleep: (milliseconds: number) => Promise<void>;
}

/** How long a page waits for a job that was canceled. Milliseconds. */
const stopWaitMs = 2_000;

/** How many jobs are kept, so that their pages can be opened later. */
const maxJobs = 100;

/**
 * The push jobs that pages start. A job runs to its end even if its page is closed. Its tasks run one after another, and a
 * failed task does not stop the next one.
 */
export class PushJobs {
  readonly #vault: Vault;
  readonly #log: Logger;
  readonly #options: PushJobOptions;
  readonly #jobs = new Map<string, PushJob>();
  readonly #running = new Map<string, { done: Promise<void>; abort: AbortController }>();

  constructor(vault: Vault, log: Logger, options: PushJobOptions) {
    this.#vault = vault;
    this.#log = log;
    this.#options = options;
  }

  find(id: string): PushJob | null {
    return this.#jobs.get(id) ?? null;
  }

  /** Starts a job. If one is already running for this profile, returns that one instead. */
  start(profile: string, tasks: PushTask[], actor: Actor): PushJob {
    for (const [id] of this.#running) {
      const other = this.#jobs.get(id);
      if (other?.profile === profile) return other;
    }
    const pushJob: PushJob = { id: newSecret(), profile, tasks: tasks.map(newTaskState), over: false };
    this.#jobs.set(pushJob.id, pushJob);
    this.#removeOldest();
    const abort = new AbortController();
    const done = this.#runAll(pushJob, actor, abort.signal).finally(() => {
      pushJob.over = true;
      this.#running.delete(pushJob.id);
    });
    this.#running.set(pushJob.id, { done, abort });
    return pushJob;
  }

  /**
   * Stops waiting for a person to sign in, and waits a moment for the job to end. Steps after the sign-in still run to their
   * end.
   */
  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.abort.abort();
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, stopWaitMs);
    await Promise.race([running.done, patience]);
    clearTimeout(timer);
  }

  /** Stops waiting for sign-ins, and resolves once no job is running. */
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
        state.error = this.#toBrokerError(profile, error);
      }
      state.deviceCode = null;
      state.waiting = null;
    }
  }

  async #run(profile: string, state: PushTaskState, actor: Actor, signal: AbortSignal): Promise<void> {
    const { task } = state;
    const context = this.#context(state, signal);
    if (task.action === 'check-status') {
      const { app, status, findings } = await inspectProvisioning(this.#vault, profile, context);
      Object.assign(state, { appName: app.name, status, findings });
      return;
    }
    const { provider, action, ...options } = task;
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
    const { fetch, sleep } = this.#options;
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

  #toBrokerError(profile: string, error: unknown): BrokerError {
    if (error instanceof BrokerError) return error;
    this.#log.error({ profile, ...toSafeError(error) }, 'push failed');
    return new BrokerError('E_INTERNAL', 'An unexpected error occurred.', {
      help: 'Try again. The terminal where the server runs shows details.',
    });
  }

  #removeOldest(): void {
    for (const [id] of this.#jobs) {
      if (this.#jobs.size <= maxJobs) return;
      if (!this.#running.has(id)) this.#jobs.delete(id);
    }
  }
}

function newTaskState(task: PushTask): PushTaskState {
  return {
    task,
    state: 'to-do',
    steps: [],
    deviceCode: null,
    warnings: [],
    waiting: null,
    error: null,
    appName: null,
    status: null,
    findings: null,
  };
}

/** Updates the state that the page shows. */
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
    case 'warning':
      state.warnings.push(event.message);
      break;
    case 'wait':
      state.waiting = `${event.reason}. Trying again in ${event.seconds} s.`;
  }
}
