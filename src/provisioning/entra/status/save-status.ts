import { type Destination, saveProvisioningStatus } from '../../../store/destinations.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { isQuarantined, type ProvisioningStatus } from './provisioning-status.ts';

/** Stores a destination's provisioning status and, for a quarantine, when it started. */
export async function saveStatus(
  { db, now }: Pick<StoreContext, 'db' | 'now'>,
  destination: Pick<Destination, 'id' | 'quarantinedSince'>,
  status: ProvisioningStatus,
): Promise<void> {
  // If Entra ID does not report the start, the time when the quarantine was first seen is used.
  const since = status.quarantine?.since ?? destination.quarantinedSince ?? now();
  const quarantinedSince = isQuarantined(status) ? since : null;
  await saveProvisioningStatus(db, destination.id, {
    provisioningStatus: status,
    statusCheckedAt: now(),
    quarantinedSince,
  });
}
