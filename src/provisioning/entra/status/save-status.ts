import { type Destination, saveProvisioningStatus } from '../../../store/destinations.ts';
import type { StoreContext } from '../../../vault/context.ts';
import { isQuarantined, type ProvisioningStatus } from './provisioning-status.ts';

/** Keeps what a look found with its hand-over, and since when it is in quarantine, where it is. */
export async function saveStatus(
  { db, now }: Pick<StoreContext, 'db' | 'now'>,
  handoff: Pick<Destination, 'id' | 'quarantinedSince'>,
  watch: ProvisioningStatus,
): Promise<void> {
  // Where Entra ID does not say since when: since it was seen first.
  const since = watch.quarantine?.since ?? handoff.quarantinedSince ?? now();
  const quarantinedSince = isQuarantined(watch) ? since : null;
  await saveProvisioningStatus(db, handoff.id, {
    provisioningStatus: watch,
    statusCheckedAt: now(),
    quarantinedSince,
  });
}
