import type { Portal } from './guide.ts';

export const controlHub: Portal = { title: 'Control Hub', url: 'https://admin.webex.com' };

/**
 * The portals by the answer about the cloud. National clouds use the Azure portals, see
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
 */
const entraPortals: Record<string, Portal> = {
  global: { title: 'Microsoft Entra admin center', url: 'https://entra.microsoft.com' },
  government: { title: 'Azure portal for US Government', url: 'https://portal.azure.us' },
  china: { title: 'Azure portal (21Vianet)', url: 'https://portal.azure.cn' },
};

export function entraPortal(cloud: string | undefined): Portal {
  return entraPortals[cloud ?? 'global'] ?? (entraPortals.global as Portal);
}

/**
 * The Admin Console of an Okta organization. Null if it cannot be derived from the address, as with a custom domain. `orgUrl`:
 * `https://acme.okta.com`.
 */
export function oktaAdminConsole(orgUrl: string | null): Portal | null {
  const [, name, domain] =
    /^https:\/\/([a-z0-9-]+?)(?:-admin)?\.(okta|oktapreview|okta-emea|okta-gov)\.com\/?$/i.exec(
      orgUrl ?? '',
    ) ?? [];
  return name === undefined
    ? null
    : { title: 'Okta Admin Console', url: `https://${name}-admin.${domain}.com` };
}
