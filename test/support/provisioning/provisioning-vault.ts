import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readSettings } from '../../../src/config/settings.ts';
import type { PushContext, PushEvent } from '../../../src/provisioning/push/push-context.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { TokenForm } from '../../../src/simulator/webex/token-formats.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { simulatorEnvironment } from '../cli/cli-process.ts';
import { prepareHome } from '../store/engines.ts';
import { simulated } from '../test-simulator.ts';
import { justCaptured } from '../vault/test-vault.ts';
import { providerEnvironment } from './provisioning-cli.ts';

export interface ProvisioningVault {
  vault: Vault;
  simulator: Simulator;
  context: PushContext;
  /** The events of every push on this vault. */
  events: PushEvent[];
  /** The reason of each wait. */
  waits: string[];
  /** Gives the profile "acme" a new token, and returns its value. */
  storeToken(accountName?: string, form?: TokenForm): Promise<string>;
}

export const actor = { user: 'tester' };

/** A vault in this process and simulated providers. Waiting takes no time. */
export async function provisioningVault(
  environment: (simulator: Simulator) => NodeJS.ProcessEnv = providerEnvironment,
  now: () => number = Date.now,
): Promise<ProvisioningVault> {
  const simulator = await simulated({ now });
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-provisioning-'));
  const home = join(folder, 'home');
  const settings = readSettings({
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
    ...simulatorEnvironment(simulator),
    ...environment(simulator),
  });
  await prepareHome(settings);
  const vault = await openVault(settings, { now });
  onTestFinished(async () => {
    await closeVault(vault);
    rmSync(folder, { recursive: true, force: true });
  });
  const events: PushEvent[] = [];
  const waits: string[] = [];
  return {
    vault,
    simulator,
    events,
    waits,
    context: {
      fetch: globalThis.fetch,
      sleep: () => Promise.resolve(),
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'wait') waits.push(event.reason);
      },
    },
    async storeToken(accountName = 'full-admin', form: TokenForm = 'opaque') {
      const { accessToken, account } = simulator.issueToken(accountName, { form });
      const request = { profile: 'acme', deployment: undefined, orgId: account.organization.id };
      const id = await importToken(vault, request, justCaptured(accessToken), actor);
      await verifyToken(vault, id, actor, true);
      return accessToken;
    },
  };
}

/**
 * A `fetch` for a process that ends during this request, before or after it is executed: no one gets the response,
 * and nothing runs after it. `reached` resolves at that point.
 */
export function fetchUntil({
  path,
  method,
  skip = 0,
  applied,
}: {
  path: RegExp;
  method: string;
  skip?: number;
  applied: boolean;
}): { fetch: typeof globalThis.fetch; reached: Promise<void> } {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const matches = (init?.method ?? 'GET') === method && path.test(new URL(String(input)).pathname);
    if (!matches || seen++ !== skip) return await globalThis.fetch(input, init);
    if (applied) await globalThis.fetch(input, init);
    resolve();
    return await new Promise(() => {});
  };
  return { fetch, reached };
}

/** An application that is provisioning already, with a notification mail and the given token. */
export function provisioning({ simulator }: Pick<ProvisioningVault, 'simulator'>, accessToken: string): void {
  const { app, directory } = simulator.entra;
  app.secrets = new Map([
    ['BaseAddress', `${simulator.endpoints.commercial.scim}/ac3e0001-5eed-4000-8000-000000000001`],
    ['SecretToken', accessToken],
    ['SyncNotificationSettings', notification],
    ['SyncAll', 'false'],
  ]);
  directory.newJob(app, 'ciscowebex').code = 'Active';
}

export const notification = JSON.stringify({
  Enabled: true,
  Recipients: 'ops@acme.example',
  DeleteThresholdEnabled: false,
});
