import { onTestFinished } from 'vitest';
import { type ApiServer, startApiServer } from '../../../src/server/api-server.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { freePort } from '../cli/cli-process.ts';
import { quietLog } from '../quiet-log.ts';
import { type ProvisioningVault, provisioningVault } from './provisioning-vault.ts';

export interface ProvisioningServer extends ProvisioningVault {
  /** The API's own address. */
  issuer: string;
  /** Stops the server and starts it again at the same address. */
  restart(): Promise<void>;
}

/** Simulated providers, a vault with a token in "acme", and the token API and the relay where `issuerOf` finds them. */
export async function provisioningServer(): Promise<ProvisioningServer> {
  const setting = await provisioningVault();
  await setting.storeToken();
  let server = await serve(setting.vault, await freePort());
  onTestFinished(() => server.close());
  const { issuer } = server;
  return {
    ...setting,
    issuer,
    async restart() {
      await server.close();
      server = await serve(setting.vault, Number(new URL(issuer).port));
    },
  };
}

function serve(vault: Vault, port: number): Promise<ApiServer> {
  return startApiServer(vault, quietLog(), { host: '127.0.0.1', port, tls: null, trustedProxies: [] });
}
