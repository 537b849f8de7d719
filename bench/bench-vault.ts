import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config/settings.ts';
import type { Vault } from '../src/vault/context.ts';
import { importToken } from '../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../src/vault/vault.ts';

/** A data folder for a benchmark. */
export interface BenchHome {
  /** The environment that makes a command use this data folder. */
  environment: NodeJS.ProcessEnv;
  /** Opens the vault for one piece of work and closes it again. */
  use<T>(work: (vault: Vault) => Promise<T>): Promise<T>;
  remove(): void;
}

/**
 * Creates a data folder with a key file and the profile "acme". Its token has the format of a Webex token, but no request
 * goes to Webex. The store is in the same folder, or in the PostgreSQL database at `databaseUrl`.
 */
export async function benchHome(databaseUrl = ''): Promise<BenchHome> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
  const home = join(folder, 'home');
  const environment = {
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
    WEBEX_TOKEN_DATABASE_URL: databaseUrl,
    WEBEX_TOKEN_PASSPHRASE: '',
  };
  const settings = readSettings({ ...process.env, ...environment });
  const offline = () => Promise.reject(new Error('offline'));
  const use = async <T>(work: (vault: Vault) => Promise<T>): Promise<T> => {
    const vault = await openVault(settings, { fetch: offline });
    try {
      return await work(vault);
    } finally {
      await closeVault(vault);
    }
  };
  const token = `${'A'.repeat(64)}_PF84_11111111-2222-4333-8444-555555555555`;
  await use(async (vault) => {
    const id = await importToken(
      vault,
      { profile: 'acme', deployment: 'commercial', orgId: undefined },
      token,
      {},
    );
    await verifyToken(vault, id, {});
  });
  return { environment, use, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
