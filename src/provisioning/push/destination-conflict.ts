import type { Profile } from '../../domain/profile.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { otherProfilesAt } from '../../store/destinations.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Vault } from '../../vault/context.ts';
import { isUuid } from '../../webex/organization-id.ts';
import type { ProviderApp } from './provider-push.ts';

/** Thrown if the application provisions another organization or profile. `app` is the application to choose to replace it. */
export class DestinationConflictError extends BrokerError {
  readonly app: ProviderApp;

  constructor(provider: ProviderId, profile: string, app: ProviderApp, reason: string) {
    super('E_OTHER_ORGANIZATION', `"${app.name}" (${app.id}) is used for something else: ${reason}`, {
      help: [
        { text: 'Nothing was changed. Choose the right application with --app ID', only: 'terminal' },
        {
          text: 'To replace this one on purpose',
          command: ['push', provider, profile, '--app', app.id, '--replace-organization'],
          only: 'terminal',
        },
      ],
    });
    this.app = { id: app.id, name: app.name };
  }
}

export interface PushTarget {
  provider: ProviderId;
  /** The organization's own tenant URL. */
  tenantUrl: string;
  /** The profile's address at the relay. */
  relayUrl: string;
  /** Whether the person chose the application and allowed replacing its organization. */
  replaceOrganization: boolean;
}

/**
 * Throws if the application belongs to another organization or profile, and replacing that is not allowed.
 * `savedTenantUrl` is the application's current Tenant URL; null if it has none, or if Graph masks it.
 * Throws `DestinationConflictError`.
 */
export async function assertReplaceable(
  vault: Pick<Vault, 'db'>,
  profile: Profile,
  app: ProviderApp,
  savedTenantUrl: string | null,
  { provider, tenantUrl, relayUrl, replaceOrganization }: PushTarget,
): Promise<void> {
  if (replaceOrganization) return;
  const isOwn = (saved: string) => saved === relayUrl || isSameOrganization(saved, tenantUrl);
  if (savedTenantUrl !== null && !isOwn(savedTenantUrl)) {
    const reason = `its Tenant URL is for ${tenantOf(savedTenantUrl)}, not for ${tenantOf(tenantUrl)}.`;
    throw new DestinationConflictError(provider, profile.name, app, reason);
  }
  const others = await otherProfilesAt(vault.db, { profileId: profile.id, provider, appId: app.id });
  if (others.length === 0) return;
  const reason = `the token of ${others.map((name) => `"${name}"`).join(', ')} is installed there.`;
  throw new DestinationConflictError(provider, profile.name, app, reason);
}

/** Whether two tenant URLs end in the same organization ID. The host may differ: Webex has had several. */
export function isSameOrganization(one: string, other: string): boolean {
  return organizationIn(one) === organizationIn(other);
}

/** The organization of a tenant URL, or else the URL itself, safe to display. */
export function tenantOf(tenantUrl: string): string {
  const organization = organizationIn(tenantUrl);
  return isUuid(organization)
    ? `the organization ${organization}`
    : `“${sanitizeForDisplay(tenantUrl, 200)}”`;
}

function organizationIn(tenantUrl: string): string {
  const path = URL.canParse(tenantUrl.trim()) ? new URL(tenantUrl.trim()).pathname : tenantUrl.trim();
  return path.replace(/\/+$/, '').split('/').at(-1)?.toLowerCase() ?? '';
}

/** Whether another organization may be replaced. Throws `E_USAGE` if the ID of the application is missing. */
export function requireNamedApp(options: {
  app?: string | undefined;
  replaceOrganization?: boolean | undefined;
}): boolean {
  const { app, replaceOrganization = false } = options;
  if (!replaceOrganization || app !== undefined) return replaceOrganization;
  throw new BrokerError(
    'E_USAGE',
    'To replace another organization, the ID of the application is required.',
    {
      help: [
        { text: 'Add --app ID, so that no other application is replaced by mistake', only: 'terminal' },
        { text: 'Enter it, so that no other application is replaced by mistake.', only: 'page' },
      ],
    },
  );
}
