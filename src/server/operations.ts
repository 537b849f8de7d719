import type { Operations } from '../api/operations.ts';
import { metricsText } from '../expiry/metrics.ts';
import { findProfile } from '../store/profiles.ts';
import type { Vault } from '../vault/vault.ts';

/** What monitoring asks of this vault. */
export function operationsOf(vault: Vault): Operations {
  return {
    // Any query will do: whether the database answers is the question.
    ready: async () => void (await findProfile(vault.db, '')),
    metrics: () => metricsText(vault),
  };
}
