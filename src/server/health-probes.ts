import type { HealthProbes } from '../api/endpoints/health.ts';
import { metricsText } from '../monitoring/metrics.ts';
import { requireWritable } from '../store/database/writable.ts';
import type { Vault } from '../vault/context.ts';
import { storeLocation } from '../vault/store-location.ts';
import { coalesce } from './coalesce.ts';

/** Cached, because anyone can request the metrics and they read every profile. Milliseconds. */
const metricsForMs = 2_000;

/** The data of the health endpoints. Concurrent requests share one read of the store. */
export function healthProbes(vault: Vault, relayMetrics: () => string = () => ''): HealthProbes {
  return {
    // Finally, check that it is still the same database, because nothing may be served from another one.
    ready: coalesce(async () => {
      await requireWritable(vault.db, storeLocation(vault.settings));
      await vault.keys.requireAccess();
      await vault.rollbackDetector.compare();
    }, 0),
    metrics: coalesce(async () => {
      const { contentType, text } = await metricsText(vault);
      return { contentType, text: `${text}${relayMetrics()}` };
    }, metricsForMs),
  };
}
