import type { HealthProbes } from '../api/endpoints/health.ts';
import { metricsText } from '../monitoring/metrics.ts';
import { requireWritable } from '../store/writable.ts';
import type { Vault } from '../vault/context.ts';
import { storeLocation } from '../vault/store-location.ts';
import { coalesce } from './coalesce.ts';

/** Anybody may ask for them, and they are made of every profile. Milliseconds. */
const metricsForMs = 2_000;

/** What monitoring asks of this vault. However many ask at once, the store is asked once. */
export function healthProbes(vault: Vault): HealthProbes {
  return {
    // Whether it is still the store that this server opened is asked last: nothing is served from another one.
    ready: coalesce(async () => {
      await requireWritable(vault.db, storeLocation(vault.settings));
      await vault.keys.requireAccess();
      await vault.rollbackDetector.compare();
    }, 0),
    metrics: coalesce(() => metricsText(vault), metricsForMs),
  };
}
