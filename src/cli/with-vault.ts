import { readSettings } from '../config/settings.ts';
import { userName } from '../environment/os-user.ts';
import type { Actor, Vault, VaultOptions } from '../vault/context.ts';
import { closeVault, openVault } from '../vault/vault.ts';
import { reportHook } from './terminal/report-hook.ts';
import { warn } from './terminal/terminal.ts';

/** Opens the vault for one command, and always closes it. After a renewal, it first runs the hook and notifies the webhook. */
export async function withVault<T>(
  use: (vault: Vault, actor: Actor) => Promise<T>,
  options: Pick<VaultOptions, 'rowsToCheck'> = {},
): Promise<T> {
  const vault = await openVault(readSettings(), { ...options, onWarning: warn, onHook: reportHook });
  try {
    return await use(vault, { user: userName() });
  } finally {
    // Loaded only if needed.
    if (vault.renewals.hasUnsentEvents)
      await (await import('./sign-in/send-renewal-events.ts')).sendRenewalEvents(vault);
    await closeVault(vault);
  }
}
