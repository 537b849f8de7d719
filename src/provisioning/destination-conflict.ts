import type { Profile } from '../domain/profile.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { otherProfilesAt, type ProviderId } from '../store/destinations.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import type { Vault } from '../vault/context.ts';
import { isUuid } from '../webex/organization-id.ts';

/** The application of a provisioning tool that a push found. */
interface App {
  id: string;
  name: string;
}

/** The application serves another organization or profile today. `app` is the one to name if it is to be replaced. */
export class DestinationConflictError extends BrokerError {
  readonly app: App;

  constructor(tool: ProviderId, profile: string, app: App, reason: string) {
    const command = `webex-token push ${tool} ${profile} --app ${app.id} --replace-organization`;
    super('E_OTHER_ORGANIZATION', `"${app.name}" (${app.id}) provisions something else: ${reason}`, {
      help: `Nothing was changed. Name the right application with --app ID. To replace this one on purpose: ${command}`,
    });
    this.app = { id: app.id, name: app.name };
  }
}

export interface PushTarget {
  tool: ProviderId;
  /** The tenant URL that the push would save; null where the tool does not keep one. */
  tenantUrl: string | null;
  /** The person named the application and said that it may be taken from another organization. */
  replaceOrganization: boolean;
}

/**
 * Refuses to take an application away from another organization or from another profile's destinations.
 * `savedTenantUrl` is what the application holds today; null where it holds none, or hides it.
 * Throws `DestinationConflictError`.
 */
export async function assertReplaceable(
  vault: Pick<Vault, 'db'>,
  profile: Profile,
  app: App,
  savedTenantUrl: string | null,
  { tool, tenantUrl, replaceOrganization }: PushTarget,
): Promise<void> {
  if (replaceOrganization) return;
  if (savedTenantUrl !== null && tenantUrl !== null && !isSameOrganization(savedTenantUrl, tenantUrl)) {
    const reason = `its Tenant URL is for ${tenantOf(savedTenantUrl)}, not for ${tenantOf(tenantUrl)}.`;
    throw new DestinationConflictError(tool, profile.name, app, reason);
  }
  const others = await otherProfilesAt(vault.db, { profileId: profile.id, kind: tool, appId: app.id });
  if (others.length === 0) return;
  const reason = `the token of ${others.map((name) => `"${name}"`).join(', ')} is installed there.`;
  throw new DestinationConflictError(tool, profile.name, app, reason);
}

/** Whether two tenant URLs end in the same organization ID. The host may differ: Webex has had several. */
export function isSameOrganization(one: string, other: string): boolean {
  return organizationIn(one) === organizationIn(other);
}

/** What a tenant URL leads to, fit to be shown: the organization, or else the address. */
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

/** Whether another organization may be replaced. Throws `E_USAGE` where no application is named beside it. */
export function requireNamedApp(options: {
  app?: string | undefined;
  replaceOrganization?: boolean | undefined;
}): boolean {
  const { app, replaceOrganization = false } = options;
  if (!replaceOrganization || app !== undefined) return replaceOrganization;
  throw new BrokerError('E_USAGE', '--replace-organization needs the application by its ID.', {
    help: 'Name it with --app ID, so that no other application can be taken by mistake.',
  });
}
