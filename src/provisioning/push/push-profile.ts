import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import type { Profile } from '../../domain/profile.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { type Destination, destinationsOf, saveDestination } from '../../store/destinations.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { entraPush } from '../entra/push/push.ts';
import { oktaPush } from '../okta/push.ts';
import type { RequestPreview } from '../requests/request-preview.ts';
import { addressWarnings } from './address-warnings.ts';
import { assertReplaceable, requireNamedApp } from './destination-conflict.ts';
import { type PushPayload, preparePush } from './prepare-push.ts';
import type { ProviderPush, PushOptions, PushOutcome, Via } from './provider-push.ts';
import { PushAccess } from './push-access.ts';
import type { PushContext, StepResult } from './push-context.ts';
import { PushError } from './push-error.ts';
import { auditFailedPush, recordPush } from './record-push.ts';
import { Steps } from './steps.ts';

/** The result of a push, as `push --json` prints it. */
export interface PushReport extends PushOutcome {
  ok: true;
  provider: ProviderId;
  profile: string;
  via: Via;
  dryRun: boolean;
  steps: StepResult[];
  /** Reasons why the provider may not be able to reach this server. */
  warnings: string[];
  /** The requests that were sent, and those that a dry run did not send. Secrets are masked. */
  requests: RequestPreview[];
}

const providerPushes: Record<ProviderId, ProviderPush> = { entra: entraPush, okta: oktaPush };

/**
 * Gives an application at a provider access for a profile, and stores the application as a destination. Installs the current
 * token, or the address and secret for the relay or the token endpoint.
 * Throws `PushError`, or the errors of `preparePush` before any request. The `cause` of a `PushError` may be an
 * `AmbiguousAppError`, a `DestinationConflictError` or a `ManualSetupRequiredError`.
 */
export async function pushProfile(
  provider: ProviderId,
  vault: Vault,
  name: string,
  actor: Actor,
  options: PushOptions,
  context: PushContext,
): Promise<PushReport> {
  const { dryRun = false, via = 'token' } = options;
  const { assertOptions, push } = providerPushes[provider];
  assertOptions(options);
  const replaceOrganization = requireNamedApp(options);
  // The token is decrypted only if the token itself is sent.
  const payload = await preparePush(vault, name, actor, dryRun || via !== 'token');
  const { profile, token } = payload;
  const destinations = (await destinationsOf(vault.db, profile.id)).filter(
    (each) => each.provider === provider,
  );
  const requests: RequestPreview[] = [];
  const warnings: string[] = [];
  const recording: PushContext = {
    ...context,
    onEvent: (event) => {
      if (event.type === 'request') requests.push(event.request);
      if (event.type === 'warning') warnings.push(event.message);
      context.onEvent(event);
    },
  };
  const steps = new Steps(recording);
  const issuer = issuerOf(vault.settings);
  const access = new PushAccess({
    vault,
    provider,
    via,
    payload,
    issuer,
    destinations,
    steps,
    dryRun,
    actor,
  });
  try {
    if (via !== 'token') {
      for (const message of addressWarnings(issuer, providerTitle(provider)))
        recording.onEvent({ type: 'warning', message });
    }
    const outcome = await push({
      vault,
      payload,
      via,
      tenantUrl: access.tenantUrl,
      options,
      dryRun,
      known: destinations[0] ?? null,
      context: recording,
      steps,
      secrets: access.secrets,
      assertReplaceable: async (app, savedTenantUrl) => {
        const known = destinations.find(({ appId }) => appId === app.id);
        if (options.via === undefined) assertNotAlwaysCurrent(provider, profile, known);
        const relayUrl =
          known?.via === 'relay' && endsAtRelay(savedTenantUrl, name)
            ? (savedTenantUrl ?? '')
            : relayTenantUrl(issuer, name);
        const { tenantUrl } = payload;
        const target = { provider, tenantUrl, relayUrl, replaceOrganization };
        await assertReplaceable(vault, profile, app, savedTenantUrl, target);
      },
      openAccess: (app) => access.open(app),
      recordInstalled: async ({ id, name: appName }, cloud) => {
        if (dryRun) return;
        await access.keep();
        const app = { provider, appId: id, appName, cloud, method: 'push', steps: steps.results } as const;
        const held = { via, tokenId: via === 'token' ? token.id : null, clientId: access.clientId };
        await recordPush(vault, profile, { ...app, ...held }, actor);
        await access.removeReplaced(id);
      },
      recordManual: async ({ id, name: appName }) => {
        if (dryRun) return;
        const manual = { provider, cloud: null, appId: id, appName, method: 'manual' as const };
        await saveDestination(vault.db, { ...manual, steps: steps.results, profileId: profile.id });
      },
    });
    const result = { provider, profile: name, via, dryRun, ...outcome };
    return { ok: true, ...result, steps: steps.results, warnings, requests };
  } catch (error) {
    await access.settle();
    if (!dryRun) await auditFailedPush(vault, profile, provider, error, actor);
    throw error instanceof BrokerError ? new PushError(error, providerTitle(provider), steps, via) : error;
  }
}

/** A push without `--via`, by habit or in a script, must not replace a destination that is always current. Throws `E_USAGE`. */
function assertNotAlwaysCurrent(
  provider: ProviderId,
  { name }: PushPayload['profile'] & Profile,
  known: Destination | undefined,
): void {
  if (known === undefined || known.via === 'token') return;
  const way = known.via === 'relay' ? 'through the SCIM relay' : 'with tokens from the token endpoint';
  throw new BrokerError(
    'E_USAGE',
    `"${known.appName}" reaches Webex ${way} and is always current, so there is nothing to push.`,
    {
      help: [
        { text: 'To create a new secret for it', command: ['push', provider, name, '--via', known.via] },
        { text: 'To install the token itself instead', command: ['push', provider, name, '--via', 'token'] },
      ],
    },
  );
}

/** Whether a tenant URL is this profile's relay address, even if the server had another address when it was saved. */
function endsAtRelay(savedTenantUrl: string | null, profile: string): boolean {
  return savedTenantUrl?.endsWith(relayTenantUrl('', profile)) ?? false;
}
