import { issuerOf, relayTenantUrl, tokenPath } from '../../config/issuer.ts';
import type { Client } from '../../domain/client.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { type Destination, destinationsOf, saveDestination } from '../../store/destinations.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { requireProfile } from '../../vault/profiles/profiles.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { type ClientVia, keepClient, openClient } from './destination-client.ts';
import { type ManualSetup, manualSetup } from './manual-setup.ts';
import { requireOrganization } from './prepare-push.ts';
import type { ProviderApp } from './provider-push.ts';

/** The values that a person enters to give an application access, with its API client's secret. */
export interface OfferedAccess {
  client: Client;
  /** Shown only once. */
  secret: string;
  setup: ManualSetup;
}

/**
 * Registers the API client for an application that a person sets up manually, or creates a new secret for it, and stores the
 * client with the destination. The destination counts as always current from the client's first request on, because until then
 * it may still use its previous token. Throws `E_NO_PROFILE`, `E_NO_ORGANIZATION`.
 */
export async function offerAccess(
  vault: Vault,
  name: string,
  { provider, via, app }: { provider: ProviderId; via: ClientVia; app: ProviderApp },
  actor: Actor,
): Promise<OfferedAccess> {
  const profile = await requireProfile(vault, name);
  const orgId = requireOrganization(profile);
  const known = await destinationAt(vault, profile.id, provider, app);
  const opened = await openClient(vault, { profile: name, provider, via, destination: known }, actor);
  await keepClient(vault, opened);
  const { client, secret } = opened;
  await vault.db.transaction().execute(async (trx) => {
    await saveDestination(trx, {
      profileId: profile.id,
      provider,
      appId: known?.appId ?? app.id,
      appName: known?.appName ?? app.name,
      method: 'manual',
      steps: [],
      // Until the client connects, the application still reaches Webex as before.
      via: known?.via ?? 'token',
      clientId: client.id,
    });
    await appendAudit(trx, vault.now(), {
      action: 'push',
      outcome: 'manual',
      profile: name,
      client: `${providerTitle(provider)} ${app.id}`.trim(),
      ...actor,
    });
  });
  const issuer = issuerOf(vault.settings);
  const setup = manualSetup(provider, via, app.name, {
    orgId,
    tenantUrl:
      via === 'relay'
        ? relayTenantUrl(issuer, name)
        : tenantUrl(vault.settings.webex[profile.deployment], orgId),
    tokenEndpoint: `${issuer}${tokenPath}`,
    clientId: client.name,
  });
  return { client, secret, setup };
}

async function destinationAt(
  vault: Vault,
  profileId: string,
  provider: ProviderId,
  { id }: ProviderApp,
): Promise<Destination | null> {
  const destinations = await destinationsOf(vault.db, profileId);
  return destinations.find((each) => each.provider === provider && each.appId === id) ?? null;
}
