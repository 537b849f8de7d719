import { readSettings } from '../config/settings.ts';
import { userName } from '../environment/os-user.ts';
import type { Actor, Vault } from '../vault/context.ts';
import { closeVault, openVault } from '../vault/vault.ts';
import { warn } from './terminal/terminal.ts';

/** Opens the vault for one command, and always closes it. */
export async function withVault<T>(use: (vault: Vault, actor: Actor) => Promise<T>): Promise<T> {
  const vault = await openVault(readSettings(), { onWarning: warn });
  try {
    return await use(vault, { user: userName() });
  } finally {
    await closeVault(vault);
  }
}
