import type { Operations } from '../api/operations.ts';
import { metricsText } from '../expiry/metrics.ts';
import { requireWritable } from '../store/writable.ts';
import { storePlace, type Vault } from '../vault/vault.ts';

/** What monitoring asks of this vault. */
export function operationsOf(vault: Vault): Operations {
  return {
    async ready() {
      await requireWritable(vault.db, storePlace(vault.settings));
      await vault.keys.requireAccess();
    },
    metrics: () => metricsText(vault),
  };
}
