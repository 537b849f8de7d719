import { BrokerError } from '../../../errors/broker-error.ts';
import { type Destination, destinationsOf, saveFindings } from '../../../store/destinations.ts';
import type { Actor, StoreContext, Vault } from '../../../vault/context.ts';
import { assertReplaceable, requireNamedApp } from '../../destination-conflict.ts';
import { preparePush } from '../../prepare-push.ts';
import type { PushContext } from '../../push-context.ts';
import { auditFailedPush, recordPush } from '../../record-push.ts';
import type { RequestPreview } from '../../request-preview.ts';
import type { StepResult } from '../../steps.ts';
import { type DeviceCode, signInToGraph } from '../auth/sign-in.ts';
import { type EntraCloud, entraEndpoints, isEntraCloud } from '../clouds.ts';
import { GraphClient } from '../graph/client.ts';
import type { EntraApp } from '../graph/find-app.ts';
import type { Finding } from '../review/review.ts';
import { reviewJob } from '../review/review-job.ts';
import type { ProvisioningStatus } from '../status/provisioning-status.ts';
import { saveStatus } from '../status/save-status.ts';
import { pushToEntra } from './push.ts';

export interface EntraPushOptions {
  /** Object ID or application ID of the enterprise application; else the remembered one, else searched. */
  app?: string | undefined;
  /** Else the remembered one, else global. */
  cloud?: EntraCloud | undefined;
  start?: boolean | undefined;
  /** Takes the application although it provisions another organization or profile; needs `app`. */
  replaceOrganization?: boolean | undefined;
  dryRun?: boolean | undefined;
}

export interface EntraContext extends PushContext {
  onDeviceCode: (code: DeviceCode) => void;
  /** Ends the waiting for a person. */
  signal?: AbortSignal;
}

/** `push entra --json`. */
export interface EntraPushReport {
  ok: true;
  tool: 'entra';
  profile: string;
  dryRun: boolean;
  cloud: EntraCloud;
  app: EntraApp;
  steps: StepResult[];
  /** What was asked, and what a dry run did not send; secrets masked. */
  requests: RequestPreview[];
  /** Null in a dry run. */
  watch: ProvisioningStatus | null;
  findings: Finding[];
}

/**
 * Hands a profile's current token to Entra ID, remembers that, and looks at how provisioning is set up there.
 * Throws `PushError`, or what `tokenToHandOver` throws before anything is asked.
 */
export async function pushProfileToEntra(
  vault: Vault,
  name: string,
  actor: Actor,
  options: EntraPushOptions,
  ports: EntraContext,
): Promise<EntraPushReport> {
  const dryRun = options.dryRun ?? false;
  if (options.app !== undefined && !uuid.test(options.app)) {
    throw new BrokerError(
      'E_USAGE',
      '--app takes the object ID or the application ID of the enterprise application.',
      {
        help: 'Both are UUIDs, and stand on its Properties page.',
      },
    );
  }
  const replaceOrganization = requireNamedApp(options);
  const { profile, token, accessToken, tenantUrl } = await preparePush(vault, name, actor, dryRun);
  const [remembered] = (await destinationsOf(vault.db, profile.id)).filter(({ kind }) => kind === 'entra');
  const cloud = options.cloud ?? (isEntraCloud(remembered?.cloud) ? remembered.cloud : 'global');
  const steps: StepResult[] = [];
  const requests: RequestPreview[] = [];
  const onStep = (result: StepResult) => {
    steps.push(result);
    ports.onStep(result);
  };
  const onRequest = (request: RequestPreview) => {
    requests.push(request);
    ports.onRequest(request);
  };
  const record = (app: EntraApp) =>
    recordPush(
      vault,
      profile,
      { kind: 'entra', appId: app.id, appName: app.name, cloud, method: 'push', tokenId: token.id, steps },
      actor,
    );

  try {
    const { graph, app, job, secrets, watch } = await pushToEntra({
      signIn: () => openGraph(vault, cloud, { ...ports, onRequest }, dryRun ? [] : [accessToken], dryRun),
      credentials: { tenantUrl, accessToken },
      cloud,
      app: options.app ?? null,
      rememberedApp: remembered === undefined || remembered.appId === '' ? null : remembered.appId,
      start: options.start ?? false,
      dryRun,
      assertReplaceable: (app, saved) =>
        assertReplaceable(vault, profile, app, saved, { tool: 'entra', tenantUrl, replaceOrganization }),
      onStep,
      onSaved: record,
    });
    const kept = dryRun ? undefined : await knownDestination(vault, profile.id, app);
    if (kept !== undefined && watch !== null) await saveStatus(vault, kept, watch);
    const findings = await reviewJob(graph, app, job.id, secrets, token.account?.email ?? null);
    if (kept !== undefined) await saveFindings(vault.db, kept.id, findings, vault.now());
    return { ok: true, tool: 'entra', profile: name, dryRun, cloud, app, steps, requests, watch, findings };
  } catch (error) {
    if (!dryRun) await auditFailedPush(vault, profile, 'entra', error, actor);
    throw error;
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Signs in, and returns Microsoft Graph ready to be asked. */
export async function openGraph(
  vault: StoreContext,
  cloud: EntraCloud,
  ports: Omit<EntraContext, 'onStep'>,
  secrets: string[] = [],
  dryRun = false,
): Promise<GraphClient> {
  const { fetch, patience, onRequest, onDeviceCode, signal } = ports;
  const settings = vault.settings.entra;
  const endpoints = entraEndpoints(cloud, settings);
  const accessToken = await signInToGraph({
    settings,
    endpoints,
    fetch,
    patience,
    onDeviceCode,
    onRequest,
    ...(signal === undefined ? {} : { signal }),
  });
  return new GraphClient({
    origin: endpoints.graph,
    accessToken,
    fetch,
    now: vault.now,
    patience,
    secrets,
    dryRun,
    onRequest,
  });
}

async function knownDestination(
  { db }: Vault,
  profileId: string,
  app: EntraApp,
): Promise<Destination | undefined> {
  return (await destinationsOf(db, profileId)).find(
    ({ kind, appId }) => kind === 'entra' && appId === app.id,
  );
}
