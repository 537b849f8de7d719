import { BrokerError } from '../../../errors/broker-error.ts';
import { tenantOf } from '../../destination-conflict.ts';
import { type RemoteState, withRemoteState } from '../../push-error.ts';
import { type StepResult, Steps } from '../../steps.ts';
import type { EntraCloud } from '../clouds.ts';
import { type GraphClient, plannedId } from '../graph/client.ts';
import { graphError } from '../graph/errors.ts';
import { appById, byObjectId, type EntraApp, searchApp } from '../graph/find-app.ts';
import { findOrCreateJob, synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob, SyncSecret } from '../graph/objects.ts';
import {
  byteLength,
  droppedKeys,
  type EntraCredentials,
  isHidden,
  readableValue,
  readSecrets,
  secretsToSave,
  usGovSecretsLimitBytes,
} from '../graph/synchronization-secrets.ts';
import {
  fetchStatus,
  isQuarantined,
  type ProvisioningStatus,
  statusOf,
} from '../status/provisioning-status.ts';
import { testConnection } from './test-connection.ts';

export interface EntraPush {
  /** Signs in; called once, as the first step. */
  signIn: () => Promise<GraphClient>;
  credentials: EntraCredentials;
  cloud: EntraCloud;
  /** The application that a person named, by object ID or application ID. */
  app: string | null;
  /** The object ID of the application that the token went to before. */
  rememberedApp: string | null;
  /** Starts a job that is new or paused, which is otherwise left so. */
  start: boolean;
  dryRun: boolean;
  /** Throws where the application must not be taken: it holds another organization's Tenant URL, for one. */
  assertReplaceable: (app: EntraApp, savedTenantUrl: string | null) => Promise<void>;
  onStep: (result: StepResult) => void;
  /** Called as soon as the new token is tested and saved there. */
  onSaved: (app: EntraApp) => Promise<void>;
}

/** What a push leads to. */
export interface EntraPushResult {
  graph: GraphClient;
  app: EntraApp;
  job: SyncJob;
  /** What is saved there beside the credentials; secret values are asterisks. */
  secrets: SyncSecret[];
  /** Null in a dry run. */
  watch: ProvisioningStatus | null;
}

/**
 * Hands a token to Entra ID, step by step: test it there first, then save it, read back, test what is saved.
 * Each step may be interrupted, and the whole be run again: Entra ID has the old token or the new one at any moment.
 * Throws `PushError`.
 */
export async function pushToEntra(push: EntraPush): Promise<EntraPushResult> {
  const steps = new Steps(push.onStep);
  return await withRemoteState('Entra ID', steps.results, (setRemoteState) =>
    runPush(push, steps, setRemoteState),
  );
}

async function runPush(
  push: EntraPush,
  steps: Steps,
  setRemoteState: (inPlace: RemoteState) => void,
): Promise<EntraPushResult> {
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

  const before = await steps.run('read-settings', async () => {
    const value = await readSecrets(graph, app);
    const saved = readableValue(value, 'BaseAddress');
    // Before anything is made there: a job would be a change too.
    await push.assertReplaceable(app, saved);
    return { value, message: tenantUrlMessage(value, saved, credentials.tenantUrl) };
  });
  const { job, created } = await steps.run('find-job', async () => {
    const value = await findOrCreateJob(graph, app);
    if (!value.created) return { value, message: `Its provisioning job is ${value.job.id}.` };
    if (!dryRun) setRemoteState('before-with-job');
    const message = dryRun
      ? 'Would create its provisioning job.'
      : `Created its provisioning job, ${value.job.id}.`;
    return { value, message, ...planned };
  });

  const toSave = secretsToSave(credentials, before);
  if ((cloud === 'gcc-high' || cloud === 'dod') && byteLength(toSave) > usGovSecretsLimitBytes) {
    throw new BrokerError(
      'E_TOO_LARGE',
      `The US Government clouds hold ${usGovSecretsLimitBytes} bytes of provisioning settings; token, tenant URL and notification mail are ${byteLength(toSave)} together.`,
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
      onResponseLost: () => setRemoteState('either'),
    });
    setRemoteState('new-untested');
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
    const { secrets: value, seen } = await readBack(graph, app, credentials);
    const lost = seen ? droppedKeys(before, value) : [];
    const note =
      lost.length === 0 ? '' : ` No longer there, as their values are hidden from us: ${lost.join(', ')}.`;
    const message = seen
      ? `Read them back.${note}`
      : 'Microsoft Graph does not show what is saved. The next test uses it.';
    return { value, message };
  });

  await steps.run('test-saved', async () => {
    await testConnection(graph, app, job, 'saved');
    const message = dryRun ? 'Would test what is saved.' : 'Entra ID tested what is saved: all is well.';
    return { value: undefined, message, ...planned };
  });
  setRemoteState('new');
  if (!dryRun) await push.onSaved(app);

  const watch = await steps.run('job', () => ensureRunning(push, graph, app, job, created));
  return { graph, app, job, secrets, watch };
}

function tenantUrlMessage(secrets: SyncSecret[], saved: string | null, tenantUrl: string): string {
  if (saved === tenantUrl) return 'Its Tenant URL is this organization’s already.';
  if (saved !== null) return `Its Tenant URL is for ${tenantOf(saved)}, and becomes ${tenantUrl}.`;
  return secrets.some(({ key }) => key === 'BaseAddress')
    ? 'Microsoft Graph does not show the Tenant URL that is set there.'
    : 'No Tenant URL is set there yet.';
}

/**
 * What was just saved may take a moment to be seen. Graph may hide every value (as asterisks) or every key: then the
 * test of the saved credentials, which comes next, is the only evidence. Throws `E_READ_BACK` only where Graph keeps
 * showing another Tenant URL, since that test could pass with what was there before.
 */
async function readBack(
  graph: GraphClient,
  app: EntraApp,
  { tenantUrl }: EntraCredentials,
): Promise<{ secrets: SyncSecret[]; seen: boolean }> {
  for (const seconds of [1, 2, 4, null]) {
    const secrets = await readSecrets(graph, app);
    const saved = readableValue(secrets, 'BaseAddress');
    if (saved === tenantUrl) return { secrets, seen: true };
    if (saved === null && isHidden(secrets, 'BaseAddress')) return { secrets, seen: false };
    if (seconds === null) {
      if (saved === null) return { secrets, seen: false };
      break;
    }
    await graph.pause(seconds, 'Entra ID does not show the new settings yet');
  }
  throw new BrokerError(
    'E_READ_BACK',
    'Entra ID took the new settings, but still shows another Tenant URL.',
    {
      help: 'It can take some minutes until they are seen everywhere. Run this again; if it repeats, look at the Provisioning page.',
    },
  );
}

async function findApp(graph: GraphClient, { app, rememberedApp }: EntraPush): Promise<EntraApp> {
  if (app !== null) return await appById(graph, app);
  const remembered = rememberedApp === null ? null : await byObjectId(graph, rememberedApp);
  return remembered ?? (await searchApp(graph));
}

/** Lifts a quarantine, and starts what is new or paused where the person says so. */
async function ensureRunning(
  push: EntraPush,
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  created: boolean,
) {
  const { start, dryRun } = push;
  const watch = created && dryRun ? statusOf({ id: plannedId }) : await fetchStatus(graph, app, job.id);
  if (isQuarantined(watch)) {
    const after = await startJob(graph, app, job);
    if (dryRun) return { value: null, status: 'planned' as const, message: 'Would lift the quarantine.' };
    return { value: after, message: 'Lifted the quarantine: Entra ID provisions again.' };
  }
  if (watch.status === 'Active') return { value: dryRun ? null : watch, message: 'Provisioning is running.' };
  if (!start) {
    const how = watch.status === 'Paused' ? 'paused' : 'not started yet';
    const message = `Provisioning is ${how}, and was left so. To start it: --start, or Provisioning Status "On" in the portal.`;
    return { value: dryRun ? null : watch, status: 'left' as const, message };
  }
  const after = await startJob(graph, app, job);
  if (dryRun) return { value: null, status: 'planned' as const, message: 'Would start provisioning.' };
  return { value: after, message: 'Started provisioning.' };
}

/** Seconds between the attempts to start a job whose answer was lost. */
const startRetryDelays = [1, 2, 4];

/**
 * Starts a job that does not run. Microsoft asks not to start one that does, so a lost answer is not followed by
 * another request before the job was looked at. Null in a dry run. Throws `E_GRAPH`.
 */
async function startJob(graph: GraphClient, app: EntraApp, job: SyncJob): Promise<ProvisioningStatus | null> {
  const path = `${synchronizationPath(app)}/jobs/${encodeURIComponent(job.id)}/start`;
  for (const seconds of [...startRetryDelays, null]) {
    let lost = false;
    const answer = await graph.send({ method: 'POST', path, onResponseLost: () => (lost = true) });
    if (graph.dryRun) return null;
    if (answer.ok) return await fetchStatus(graph, app, job.id);
    if (!lost) throw graphError(answer.failure, path);
    const watch = await fetchStatus(graph, app, job.id);
    if (watch.status === 'Active' && !isQuarantined(watch)) return watch;
    if (seconds === null) throw graphError(answer.failure, path);
    await graph.pause(seconds, 'The answer to starting provisioning was lost');
  }
  throw new Error('unreachable');
}
