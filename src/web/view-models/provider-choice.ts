import type { Settings } from '../../config/settings.ts';
import { type ProviderId, providerIds } from '../../domain/providers.ts';

/** The providers in the order in which a page offers them: those that settings name come first. */
export function offeredProviders({ entra, okta }: Pick<Settings, 'entra' | 'okta'>): ProviderId[] {
  const named: Record<ProviderId, boolean> = {
    entra: entra.tenantId !== null || entra.clientId !== null,
    okta: okta.orgUrl !== null,
  };
  return [...providerIds].sort((one, other) => Number(named[other]) - Number(named[one]));
}
