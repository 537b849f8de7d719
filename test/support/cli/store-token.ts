import { readSettings } from '../../../src/config/settings.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { prepareHome } from '../store/engines.ts';
import { actor, justCaptured, noKeychain } from '../vault/test-vault.ts';
import type { Machine } from './cli-process.ts';

/** Stores a token on a machine, like `webex-token import`, but without starting a process. */
export async function storeTokenOn(
  { environment }: Pick<Machine, 'environment'>,
  accessToken: string,
  { profile = 'acme', orgId }: { profile?: string; orgId?: string } = {},
): Promise<void> {
  const settings = readSettings(environment);
  await prepareHome(settings);
  const vault = await openVault(settings, { keychain: noKeychain });
  try {
    const id = await importToken(
      vault,
      { profile, deployment: undefined, orgId },
      justCaptured(accessToken),
      actor,
    );
    await verifyToken(vault, id, actor);
  } finally {
    await closeVault(vault);
  }
}

/** Stores a new token of a simulator that expires in `days` days, and returns it. */
export async function storeExpiringTokenOn(
  machine: Machine,
  simulator: Simulator,
  days: number,
  profile = 'acme',
): Promise<string> {
  // Days are rounded down: half a day more is enough for any machine.
  const lifetimeSeconds = days * 86_400 + 43_200;
  const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds });
  await storeTokenOn(machine, accessToken, { profile });
  return accessToken;
}
