import { BrokerError } from '../../errors.ts';
import { type InPlace, sayingWhatIsInPlace } from '../push-error.ts';
import { type StepResult, Steps } from '../steps.ts';
import type { EntraCloud } from './clouds.ts';
import { appById, byObjectId, type EntraApp, searchApp } from './find-app.ts';
import { findOrCreateJob, synchronizationPath } from './find-job.ts';
import { type Graph, plannedId } from './graph.ts';
import type { SyncJob, SyncSecret } from './graph-objects.ts';
import {
  type EntraCredentials,
  governmentLimit,
  lostKeys,
  readSecrets,
  secretsToSave,
  secretValue,
  sizeOf,
} from './secrets.ts';
import { testConnection } from './test-connection.ts';
import { type EntraWatch, isQuarantined, watchJob, watchOf } from './watch.ts';

export interface EntraPush {
  /** Signs in; called once, as the first step. */
  signIn: () => Promise<Graph>;
  credentials: EntraCredentials;
  cloud: EntraCloud;
  /** The application that a person named, by object ID or application ID. */
  app: string | null;
  /** The object ID of the application that the token went to before. */
  rememberedApp: string | null;
  /** Starts a job that is new or paused, which is otherwise left so. */
  start: boolean;
  dryRun: boolean;
  onStep: (result: StepResult) => void;
  /** Called as soon as the new token is tested and saved there. */
  onHandedOver: (app: EntraApp) => Promise<void>;
}

/** What a push leads to. */
export interface EntraPushed {
  graph: Graph;
  app: EntraApp;
  job: SyncJob;
  /** What is saved there beside the credentials; secret values are asterisks. */
  secrets: SyncSecret[];
  /** Null in a dry run. */
  watch: EntraWatch | null;
}

/**
 * Hands a token to Entra ID, step by step: test it there first, then save it, read back, test what is saved.
 * Each step may be interrupted, and the whole be run again: Entra ID has the old token or the new one at any moment.
 * Throws `PushError`.
 */
export async function pushToEntra(push: EntraPush): Promise<EntraPushed> {
  const steps = new Steps(push.onStep);
  return await sayingWhatIsInPlace('Entra ID', steps.results, (nowInPlace) => walk(push, steps, nowInPlace));
}

async function walk(
  push: EntraPush,
  steps: Steps,
  nowInPlace: (inPlace: InPlace) => void,
): Promise<EntraPushed> {
  const { credentials, dryRun, cloud } = push;
  const planned = dryRun ? ({ status: 'planned' } as const) : {};

  const graph = await steps.run('sign-in', async () => ({
    value: await push.signIn(),
    message: 'Signed in to Microsoft Graph.',
  }));

  const app = await steps.run('find-app', async () => {
    const value = await findApp(graph, push);
    return { value, message: `The application is "${value.name}" (${value.id}).` };
  });

  const { job, created } = await steps.run('find-job', async () => {
    const value = await findOrCreateJob(graph, app);
    if (!value.created) return { value, message: `Its provisioning job is ${value.job.id}.` };
    if (!dryRun) nowInPlace('before-with-job');
    const message = dryRun
      ? 'Would create its provisioning job.'
      : `Created its provisioning job, ${value.job.id}.`;
    return { value, message, ...planned };
  });

  const before = await steps.run('read-settings', async () => {
    const value = await readSecrets(graph, app);
    const base = secretValue(value, 'BaseAddress');
    const had =
      base === null
        ? 'No Tenant URL is set there yet.'
        : base === credentials.tenantUrl
          ? 'Its Tenant URL is this organization’s already.'
          : `Its Tenant URL is ${base}, and becomes ${credentials.tenantUrl}.`;
    return { value, message: had };
  });
  const toSave = secretsToSave(credentials, before);
  if ((cloud === 'gcc-high' || cloud === 'dod') && sizeOf(toSave) > governmentLimit) {
    throw new BrokerError(
      'E_TOO_LARGE',
      `The US Government clouds hold ${governmentLimit} bytes of provisioning settings; token, tenant URL and notification mail are ${sizeOf(toSave)} together.`,
      { help: 'Name fewer or shorter notification addresses in Entra ID, then run this again.' },
    );
  }

  await steps.run('test-new', async () => {
    await testConnection(graph, app, job, credentials);
    const message = dryRun
      ? 'Would have Entra ID test the new token, before anything is saved.'
      : 'Entra ID tested the new token: Webex accepts it.';
    return { value: undefined, message, ...planned };
  });

  await steps.run('save', async () => {
    await graph.change({
      method: 'PUT',
      path: `${synchronizationPath(app)}/secrets`,
      json: { value: toSave },
      onLost: () => nowInPlace('either'),
    });
    nowInPlace('new-untested');
    const others = toSave.length - 2;
    const kept =
      others === 0
        ? ''
        : ` The other ${others === 1 ? 'setting' : `${others} settings`} there ${others === 1 ? 'is' : 'are'} kept.`;
    const message = dryRun
      ? `Would save Tenant URL and Secret Token.${kept}`
      : `Saved Tenant URL and Secret Token.${kept}`;
    return { value: undefined, message, ...planned };
  });

  const secrets = await steps.run('read-back', async () => {
    if (dryRun) return { value: before, message: 'Would read them back.', ...planned };
    const value = await readBack(graph, app, credentials);
    const lost = lostKeys(before, value);
    const note =
      lost.length === 0 ? '' : ` No longer there, as their values are hidden from us: ${lost.join(', ')}.`;
    return { value, message: `Read them back.${note}` };
  });

  await steps.run('test-saved', async () => {
    await testConnection(graph, app, job, 'saved');
    const message = dryRun ? 'Would test what is saved.' : 'Entra ID tested what is saved: all is well.';
    return { value: undefined, message, ...planned };
  });
  nowInPlace('new');
  if (!dryRun) await push.onHandedOver(app);

  const watch = await steps.run('job', () => settleJob(push, graph, app, job, created));
  return { graph, app, job, secrets, watch };
}

/** What was just saved may take a moment to be seen. Throws `E_READ_BACK`. */
async function readBack(graph: Graph, app: EntraApp, { tenantUrl }: EntraCredentials): Promise<SyncSecret[]> {
  for (const seconds of [1, 2, 4, null]) {
    const saved = await readSecrets(graph, app);
    if (secretValue(saved, 'BaseAddress') === tenantUrl && secretValue(saved, 'SecretToken') !== null)
      return saved;
    if (seconds !== null) await graph.pause(seconds, 'Entra ID does not show the new settings yet');
  }
  throw new BrokerError('E_READ_BACK', 'Entra ID took the new settings, but does not show them when asked.', {
    help: 'It can take some minutes until they are seen everywhere. Run this again; if it repeats, look at the Provisioning page.',
  });
}

async function findApp(graph: Graph, { app, rememberedApp }: EntraPush): Promise<EntraApp> {
  if (app !== null) return await appById(graph, app);
  const remembered = rememberedApp === null ? null : await byObjectId(graph, rememberedApp);
  return remembered ?? (await searchApp(graph));
}

/** Lifts a quarantine, and starts what is new or paused where the person says so. */
async function settleJob(push: EntraPush, graph: Graph, app: EntraApp, job: SyncJob, created: boolean) {
  const { start, dryRun } = push;
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/start`;
  // Microsoft asks not to start a job that runs, so it is only done where the job says that it does not.
  const startJob = () => graph.change({ method: 'POST', path, repeatable: true });
  const watch = created && dryRun ? watchOf({ id: plannedId }) : await watchJob(graph, app, job.id);
  if (isQuarantined(watch)) {
    await startJob();
    if (dryRun) return { value: null, status: 'planned' as const, message: 'Would lift the quarantine.' };
    const after = await watchJob(graph, app, job.id);
    return { value: after, message: 'Lifted the quarantine: Entra ID provisions again.' };
  }
  if (watch.status === 'Active') return { value: dryRun ? null : watch, message: 'Provisioning is running.' };
  if (!start) {
    const how = watch.status === 'Paused' ? 'paused' : 'not started yet';
    const message = `Provisioning is ${how}, and was left so. To start it: --start, or Provisioning Status "On" in the portal.`;
    return { value: dryRun ? null : watch, status: 'left' as const, message };
  }
  await startJob();
  if (dryRun) return { value: null, status: 'planned' as const, message: 'Would start provisioning.' };
  return { value: await watchJob(graph, app, job.id), message: 'Started provisioning.' };
}
