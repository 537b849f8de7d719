import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readSettings } from '../../../src/config/settings.ts';
import type { EntraContext } from '../../../src/provisioning/entra/push/push-profile.ts';
import type { StepResult } from '../../../src/provisioning/steps.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { TokenForm } from '../../../src/simulator/webex/token-formats.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { simulatorEnvironment } from '../cli/cli-process.ts';
import { simulated } from '../test-simulator.ts';
import { justCaptured } from '../vault/test-vault.ts';
import { toolEnvironment } from './provisioning-cli.ts';

export interface HandoffVault {
  vault: Vault;
  simulator: Simulator;
  ports: EntraContext;
  /** What the steps said, of every push on this vault. */
  steps: StepResult[];
  /** Why it was waited, each time. */
  waits: string[];
  /** Gives the profile "acme" a new token, and returns its value. */
  holdToken(accountName?: string, form?: TokenForm): Promise<string>;
}

export const actor = { user: 'tester' };

/** A vault in this process beside simulated tools. Waiting takes no time. */
export async function handoffVault(
  environment: (simulator: Simulator) => NodeJS.ProcessEnv = toolEnvironment,
  now: () => number = Date.now,
): Promise<HandoffVault> {
  const simulator = await simulated({ now });
  const home = mkdtempSync(join(tmpdir(), 'webex-token-handoff-'));
  const settings = readSettings({
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
    ...simulatorEnvironment(simulator),
    ...environment(simulator),
  });
  const vault = await openVault(settings, { now });
  onTestFinished(async () => {
    await closeVault(vault);
    rmSync(home, { recursive: true, force: true });
  });
  const steps: StepResult[] = [];
  const waits: string[] = [];
  return {
    vault,
    simulator,
    steps,
    waits,
    ports: {
      fetch: globalThis.fetch,
      patience: { sleep: () => Promise.resolve(), onWait: (_seconds, why) => void waits.push(why) },
      onStep: (result) => void steps.push(result),
      onRequest: () => {},
      onDeviceCode: () => {},
    },
    async holdToken(accountName = 'full-admin', form: TokenForm = 'opaque') {
      const { accessToken, account } = simulator.issueToken(accountName, { form });
      const request = { profile: 'acme', deployment: undefined, orgId: account.organization.id };
      const id = await importToken(vault, request, justCaptured(accessToken), actor);
      await verifyToken(vault, id, actor, true);
      return accessToken;
    },
  };
}

/** An application that is provisioning already, with a notification mail and the given token. */
export function provisioning({ simulator }: Pick<HandoffVault, 'simulator'>, accessToken: string): void {
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
