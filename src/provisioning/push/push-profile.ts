import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { destinationsOf, saveDestination } from '../../store/destinations.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { entraPush } from '../entra/push/push.ts';
import { oktaPush } from '../okta/push.ts';
import type { RequestPreview } from '../requests/request-preview.ts';
import { assertReplaceable, requireNamedApp } from './destination-conflict.ts';
import { preparePush } from './prepare-push.ts';
import type { ProviderPush, PushOptions, PushOutcome } from './provider-push.ts';
import type { PushContext, StepResult } from './push-context.ts';
import { PushError } from './push-error.ts';
import { auditFailedPush, recordPush } from './record-push.ts';
import { Steps } from './steps.ts';

/** The result of a push, as `push --json` prints it. */
export interface PushReport extends PushOutcome {
  ok: true;
  provider: ProviderId;
  profile: string;
  dryRun: boolean;
  steps: StepResult[];
  /** The requests that were sent, and those that a dry run left out. Secrets are masked. */
  requests: RequestPreview[];
}

const providerPushes: Record<ProviderId, ProviderPush> = { entra: entraPush, okta: oktaPush };

/**
 * Installs a profile's current token at a provider and remembers the application.
 * Throws `PushError`, or what `preparePush` throws before any request. The `cause` of a `PushError` may be an
 * `AmbiguousAppError`, a `DestinationConflictError` or, for Okta, a `ManualSetupRequiredError`.
 */
export async function pushProfile(
  provider: ProviderId,
  vault: Vault,
  name: string,
  actor: Actor,
  options: PushOptions,
  context: PushContext,
): Promise<PushReport> {
  const { dryRun = false } = options;
  const { assertOptions, push } = providerPushes[provider];
  assertOptions(options);
  const replaceOrganization = requireNamedApp(options);
  const payload = await preparePush(vault, name, actor, dryRun);
  const { profile, token } = payload;
  const destinations = await destinationsOf(vault.db, profile.id);
  const requests: RequestPreview[] = [];
  const recording: PushContext = {
    ...context,
    onEvent: (event) => {
      if (event.type === 'request') requests.push(event.request);
      context.onEvent(event);
    },
  };
  const steps = new Steps(recording);
  const destination = { provider, cloud: null, steps: steps.results };
  try {
    const outcome = await push({
      vault,
      payload,
      options,
      dryRun,
      known: destinations.find((each) => each.provider === provider) ?? null,
      context: recording,
      steps,
      assertReplaceable: (app, { savedTenantUrl, tenantUrl }) =>
        assertReplaceable(vault, profile, app, savedTenantUrl, { provider, tenantUrl, replaceOrganization }),
      recordInstalled: async ({ id, name: appName }, cloud) => {
        if (dryRun) return;
        const installed = { ...destination, cloud, appId: id, appName, tokenId: token.id };
        const access = { method: 'push', via: 'token', clientId: null } as const;
        await recordPush(vault, profile, { ...installed, ...access }, actor);
      },
      recordManual: async ({ id, name: appName }) => {
        if (dryRun) return;
        const manual = { ...destination, appId: id, appName, method: 'manual' as const };
        await saveDestination(vault.db, { ...manual, profileId: profile.id });
      },
    });
    return { ok: true, provider, profile: name, dryRun, ...outcome, steps: steps.results, requests };
  } catch (error) {
    if (!dryRun) await auditFailedPush(vault, profile, provider, error, actor);
    throw error instanceof BrokerError ? new PushError(error, providerTitle(provider), steps) : error;
  }
}
