import { BrokerError } from '../../../errors/broker-error.ts';
import { destinationsOf, saveFindings } from '../../../store/destinations.ts';
import { sanitizeForDisplay } from '../../../text/sanitize.ts';
import { tenantOf } from '../../push/destination-conflict.ts';
import { ManualSetupRequiredError, manualSetup } from '../../push/manual-setup.ts';
import type { ProviderPush, PushOptions, PushOutcome, PushRequest, Via } from '../../push/provider-push.ts';
import { openGraph } from '../auth/open-graph.ts';
import { type EntraCloud, isEntraCloud } from '../clouds.ts';
import type { GraphClient } from '../graph/client.ts';
import {
  readAuthentication,
  type SavedAuthentication,
  saveParameters,
} from '../graph/connectivity-parameters.ts';
import { graphError } from '../graph/errors.ts';
import { appById, byObjectId, type EntraApp, searchApp } from '../graph/find-app.ts';
import { findOrCreateJob, synchronizationPath } from '../graph/find-job.ts';
import type { SyncJob, SyncSecret } from '../graph/objects.ts';
import {
  byteLength,
  droppedKeys,
  isHidden,
  readableValue,
  readSecrets,
  secretsToSave,
  usGovSecretsLimitBytes,
} from '../graph/synchronization-secrets.ts';
import type { Finding } from '../review/finding.ts';
import { reviewJob } from '../review/review-job.ts';
import type { ProvisioningStatus } from '../status/provisioning-status.ts';
import { saveStatus } from '../status/save-status.ts';
import { ensureRunning } from './start-job.ts';
import { testConnection } from './test-connection.ts';

export const entraPush: ProviderPush = { assertOptions, push: pushToEntra };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function assertOptions({ app }: PushOptions): void {
  if (app === undefined || uuid.test(app)) return;
  throw new BrokerError(
    'E_USAGE',
    `"${sanitizeForDisplay(app, 60)}" is not the ID of an enterprise application.`,
    {
      help: 'Use its Object ID or Application ID. Both are UUIDs on its Properties page.',
    },
  );
}

/**
 * Gives an application in Entra ID access, step by step: test the credentials there, save them, read them back, and test the
 * saved ones. A push may be interrupted at any step and repeated, because Entra ID always has complete old or new credentials.
 */
async function pushToEntra(push: PushRequest): Promise<PushOutcome> {
  const { vault, via, tenantUrl, steps, dryRun, known } = push;
  const cloud = push.options.cloud ?? (isEntraCloud(known?.cloud) ? known.cloud : 'global');
  const planned = dryRun ? ({ status: 'planned' } as const) : {};
  const { subject, verb, saved: savedNames } = words[via];

  const graph = await steps.run('sign-in', async () => {
    const value = await openGraph(vault, cloud, push.context, { secrets: push.secrets, dryRun });
    return { value, message: 'Signed in to Microsoft Graph.' };
  });

  const app = await steps.run('find-app', async () => {
    const value = await findApp(graph, push);
    return { value, message: `Found the application "${value.name}" (${value.id}).` };
  });

  const { before, authentication } = await steps.run('read-settings', async () => {
    const secrets = await readSecrets(graph, app);
    const saved = readableValue(secrets, 'BaseAddress');
    // Before anything is created there, because a new job would be a change too.
    await push.assertReplaceable(app, saved);
    const value = { before: secrets, authentication: await readAuthentication(graph, app, secrets) };
    const message = `${tenantUrlMessage(secrets, saved, tenantUrl)}${authenticationMessage(value.authentication, via)}`;
    return { value, message };
  });

  const { job, created } = await steps.run('find-job', async () => {
    const value = await findOrCreateJob(graph, app);
    if (!value.created) return { value, message: `Found the provisioning job ${value.job.id}.` };
    if (!dryRun) steps.remoteState = 'before-with-job';
    const message = dryRun
      ? 'Would create a provisioning job.'
      : `Created the provisioning job ${value.job.id}.`;
    return { value, message, ...planned };
  });

  const access = await push.openAccess(app);
  const byParameters = access.via === 'oauth' || authentication.usesClientCredentials;
  const toSave = secretsToSave(access, before);
  if (!byParameters) assertFits(toSave, cloud);

  await steps.run('test-new', async () => {
    await testConnection(graph, app, job, access).catch((error: unknown) => {
      // Graph may be unable to test client credentials that are not saved.
      if (access.via !== 'oauth' || !(error instanceof BrokerError) || error.code !== 'E_GRAPH') throw error;
      throw manual(push, app, error.message);
    });
    const message = dryRun
      ? `Entra ID would test ${subject} before saving.`
      : `Entra ID tested ${subject}: ${verb}.`;
    return { value: undefined, message, ...planned };
  });

  await steps.run('save', async () => {
    const onResponseLost = () => {
      steps.remoteState = 'either';
    };
    if (byParameters) {
      const refusal = await saveParameters(graph, app, access, onResponseLost);
      if (refusal !== null) throw manual(push, app, graphError(refusal, '').message);
    } else {
      const path = `${synchronizationPath(app)}/secrets`;
      await graph.change({ method: 'PUT', path, json: { value: toSave }, onResponseLost });
    }
    if (!dryRun) steps.remoteState = 'new-untested';
    const kept = byParameters ? '' : keptSettings(toSave);
    const message = `${dryRun ? 'Would save' : 'Saved'} ${savedNames}.${kept}`;
    return { value: undefined, message, ...planned };
  });

  const secrets = await steps.run('read-back', async () => {
    if (dryRun) return { value: before, message: 'Would read back the saved settings.', ...planned };
    const { secrets: value, verified } = await readBack(graph, app, tenantUrl);
    if (byParameters) assertSwitched(await readAuthentication(graph, app, value), authentication, via);
    if (!verified) {
      return {
        value,
        message: 'Microsoft Graph does not return the saved settings. The next test verifies them.',
      };
    }
    const lost = droppedKeys(before, value);
    const note = lost.length === 0 ? '' : ` Not kept, because Graph masks their values: ${lost.join(', ')}.`;
    return { value, message: `Saved values verified.${note}` };
  });

  await steps.run('test-saved', async () => {
    await testConnection(graph, app, job, { via, saved: true });
    const message = dryRun ? 'Would test the saved settings.' : 'Entra ID’s connection test passed.';
    return { value: undefined, message, ...planned };
  });
  if (!dryRun) steps.remoteState = 'new';
  await push.recordInstalled(app, cloud);

  const status = await steps.run('job', () =>
    ensureRunning(graph, app, job, { created, start: push.options.start ?? false }),
  );
  const findings = await saveAndReview(push, graph, app, job, { secrets, status });
  return { app, cloud, status, findings };
}

/** The texts about what is tested and saved, for each way. */
const words: Record<Via, { subject: string; verb: string; saved: string }> = {
  token: { subject: 'the new token', verb: 'Webex accepts it', saved: 'Tenant URL and Secret Token' },
  relay: {
    subject: 'the relay’s address and secret',
    verb: 'it reaches Webex',
    saved: 'the relay’s Tenant URL and Secret Token',
  },
  oauth: {
    subject: 'the token endpoint and the client credentials',
    verb: 'it gets a token that Webex accepts',
    saved: 'Tenant URL, token endpoint and client credentials',
  },
};

/** The error when a person has to enter the values in the portal. With the Webex token, it contains the fields. */
function manual({ payload, via, tenantUrl }: PushRequest, app: EntraApp, why: string): BrokerError {
  const { profile, orgId } = payload;
  const setup =
    via === 'token'
      ? manualSetup('entra', via, app.name, { orgId, tenantUrl, tokenEndpoint: '', clientId: null })
      : null;
  const reason = `Microsoft Graph does not let this program set how "${app.name}" authenticates. ${why}`;
  return new ManualSetupRequiredError({ provider: 'entra', via, profile: profile.name, app }, reason, setup);
}

/** Throws `E_READ_BACK` if Graph shows that the application still uses its previous authentication method. */
function assertSwitched(after: SavedAuthentication, before: SavedAuthentication, via: Via): void {
  const wanted = via === 'oauth';
  if (after.usesClientCredentials === wanted) return;
  // If Graph never shows the authentication, nothing can be concluded.
  if (!before.usesClientCredentials && after.tokenEndpoint === null) return;
  throw new BrokerError(
    'E_READ_BACK',
    'Entra ID accepted the new settings, but still shows another authentication method.',
    { help: 'Open the Provisioning page of the application, check the method there, and try again.' },
  );
}

function authenticationMessage(
  { usesClientCredentials, tokenEndpoint, clientId }: SavedAuthentication,
  via: Via,
): string {
  if (!usesClientCredentials) return '';
  const shown = (text: string | null) => sanitizeForDisplay(text ?? 'not shown', 200);
  const now = ` It uses client credentials (token endpoint ${shown(tokenEndpoint)}, client ${shown(clientId)}).`;
  return via === 'oauth'
    ? now
    : `${now} They are replaced by a Secret Token: ${via === 'relay' ? 'the relay’s' : 'the Webex token itself'}.`;
}

/** Stores the provisioning status and reviews the setup. */
async function saveAndReview(
  { vault, payload, dryRun }: PushRequest,
  graph: GraphClient,
  app: EntraApp,
  job: SyncJob,
  { secrets, status }: { secrets: SyncSecret[]; status: ProvisioningStatus | null },
): Promise<Finding[]> {
  const { profile, token } = payload;
  const destination = dryRun
    ? undefined
    : (await destinationsOf(vault.db, profile.id)).find(
        ({ provider, appId }) => provider === 'entra' && appId === app.id,
      );
  if (destination !== undefined && status !== null) await saveStatus(vault, destination, status);
  const findings = await reviewJob(graph, app, job.id, secrets, token.account?.email ?? null);
  if (destination !== undefined) await saveFindings(vault.db, destination.id, findings, vault.now());
  return findings;
}

/** Throws `E_TOO_LARGE`. */
function assertFits(secrets: SyncSecret[], cloud: EntraCloud): void {
  if (cloud !== 'gcc-high' && cloud !== 'dod') return;
  const bytes = byteLength(secrets);
  if (bytes <= usGovSecretsLimitBytes) return;
  throw new BrokerError(
    'E_TOO_LARGE',
    `The token, tenant URL and notification settings have ${bytes} bytes in total, but the US Government clouds accept at most ${usGovSecretsLimitBytes} bytes.`,
    { help: 'Enter fewer or shorter notification addresses in Entra ID, then try again.' },
  );
}

function keptSettings(secrets: SyncSecret[]): string {
  const others = secrets.length - 2;
  if (others === 0) return '';
  return others === 1 ? ' The other setting is kept.' : ` The other ${others} settings are kept.`;
}

function tenantUrlMessage(secrets: SyncSecret[], saved: string | null, tenantUrl: string): string {
  if (saved === tenantUrl) return 'Its Tenant URL is already correct.';
  if (saved !== null) return `Its Tenant URL is for ${tenantOf(saved)}. It will be ${tenantUrl}.`;
  return secrets.some(({ key }) => key === 'BaseAddress')
    ? 'Microsoft Graph masks its Tenant URL.'
    : 'It has no Tenant URL yet.';
}

/**
 * It may take a moment until saved settings are visible. Graph may mask every value (as asterisks) or omit every key. Then the
 * next step, the test of the saved credentials, is the only evidence. Throws `E_READ_BACK` only if Graph keeps returning another
 * Tenant URL, because that test could pass with the previous settings.
 */
async function readBack(
  graph: GraphClient,
  app: EntraApp,
  tenantUrl: string,
): Promise<{ secrets: SyncSecret[]; verified: boolean }> {
  for (const seconds of [1, 2, 4, null]) {
    const secrets = await readSecrets(graph, app);
    const saved = readableValue(secrets, 'BaseAddress');
    if (saved === tenantUrl) return { secrets, verified: true };
    if (saved === null && isHidden(secrets, 'BaseAddress')) return { secrets, verified: false };
    if (seconds === null) {
      if (saved === null) return { secrets, verified: false };
      break;
    }
    await graph.pause(seconds, 'Entra ID does not return the new settings yet');
  }
  throw new BrokerError(
    'E_READ_BACK',
    'Entra ID accepted the new settings, but still returns another Tenant URL.',
    {
      help: 'It can take a few minutes until new settings are visible everywhere. Try again. If it happens again, check the Provisioning page.',
    },
  );
}

async function findApp(graph: GraphClient, { options, known }: PushRequest): Promise<EntraApp> {
  if (options.app !== undefined) return await appById(graph, options.app);
  const found = known === null || known.appId === '' ? null : await byObjectId(graph, known.appId);
  return found ?? (await searchApp(graph));
}
