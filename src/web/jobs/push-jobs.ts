import type { Logger } from 'pino';
import { BrokerError } from '../../errors/broker-error.ts';
import type { DeviceCode } from '../../provisioning/entra/auth/sign-in.ts';
import type { EntraCloud } from '../../provisioning/entra/clouds.ts';
import { type EntraContext, pushProfileToEntra } from '../../provisioning/entra/push/push-profile.ts';
import type { Finding } from '../../provisioning/entra/review/review.ts';
import { inspectProvisioning } from '../../provisioning/entra/status/inspect.ts';
import type { ProvisioningStatus } from '../../provisioning/entra/status/provisioning-status.ts';
import { pushProfileToOkta } from '../../provisioning/okta/push-profile.ts';
import type { StepResult } from '../../provisioning/steps.ts';
import { toSafeError } from '../../text/safe-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';

/** One thing to do at a provisioning tool. */
export type PushTask =
  | {
      tool: 'entra';
      task: 'push';
      app?: string;
      cloud?: EntraCloud;
      start?: boolean;
      replaceOrganization?: boolean;
    }
  | { tool: 'entra'; task: 'look' }
  | { tool: 'okta'; task: 'push'; app?: string; replaceOrganization?: boolean };

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
  watch: ProvisioningStatus | null;
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
        if (signal.aborted) throw stopped();
        await this.#run(profile, state, actor, signal);
        state.state = 'done';
      } catch (error) {
        state.state = 'failed';
        state.error = this.#explained(profile, error, signal);
      }
      state.deviceCode = null;
      state.waiting = null;
    }
  }

  async #run(profile: string, state: PushTaskState, actor: Actor, signal: AbortSignal): Promise<void> {
    const { errand } = state;
    const ports = this.#ports(state, signal);
    if (errand.task === 'look') {
      const { app, watch, findings } = await inspectProvisioning(this.#vault, profile, ports);
      Object.assign(state, { appName: app.name, watch, findings });
      return;
    }
    if (errand.tool === 'okta') {
      const { replaceOrganization } = errand;
      const options = { app: errand.app, replaceOrganization };
      const { app } = await pushProfileToOkta(this.#vault, profile, actor, options, ports);
      state.appName = app.name;
      return;
    }
    const { app, cloud, start, replaceOrganization } = errand;
    const options = { app, cloud, start, replaceOrganization };
    const report = await pushProfileToEntra(this.#vault, profile, actor, options, ports);
    Object.assign(state, { appName: report.app.name, watch: report.watch, findings: report.findings });
  }

  #ports(state: PushTaskState, signal: AbortSignal): EntraContext {
    const { fetch, sleep } = this.#world;
    return {
      fetch,
      signal,
      patience: {
        sleep: async (milliseconds) => {
          await sleep(milliseconds);
          state.waiting = null;
        },
        onWait: (seconds, why) => {
          state.waiting = `${why}. Trying again in ${seconds} s.`;
        },
      },
      onStep: (step) => {
        state.deviceCode = null;
        state.steps.push(step);
      },
      onRequest: ({ url }) => {
        // Microsoft Graph is asked only once somebody has signed in.
        if (!url.includes('/oauth2/')) state.deviceCode = null;
      },
      onDeviceCode: (code) => {
        state.deviceCode = code;
      },
    };
  }

  #explained(profile: string, error: unknown, signal: AbortSignal): BrokerError {
    if (signal.aborted && !(error instanceof BrokerError && error.code !== 'E_ENTRA_SIGN_IN'))
      return stopped();
    if (error instanceof BrokerError) return error;
    this.#log.error({ profile, ...toSafeError(error) }, 'a hand-over failed');
    return new BrokerError('E_INTERNAL', 'The program met a fault of its own.', {
      help: 'Try again. The terminal where the program runs says more.',
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
    watch: null,
    findings: null,
  };
}

function stopped(): BrokerError {
  return new BrokerError('E_STOPPED', 'It was stopped before anybody signed in. Nothing was changed there.');
}
