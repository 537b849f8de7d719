import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createLog } from '../../../src/cli/terminal/log.ts';
import { readSettings } from '../../../src/config/settings.ts';
import { type RunningServer, startWebServer } from '../../../src/server/web-server.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { createAccessLink } from '../../../src/vault/sign-in/access-links.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { clientOf, orgIds, profileWithToken } from '../api-server.ts';
import { freePort } from '../cli/cli-process.ts';
import { noKeychain } from '../vault/test-vault.ts';

/** In Webex's own form, and plainly none: put together here, so that no text in the repository looks like one. */
export const canary = `${'Canary-of-these-tests-'.padEnd(64, 'Zq7x')}_${'P'}F84_${orgIds.acme}`;

/** What nobody may learn who did not come in: the profile, its client, who uses this machine. */
export const worth = /acme|deploy-of-acme|Zq7x/i;

export interface Attacked {
  vault: Vault;
  server: RunningServer;
  port: number;
  origin: string;
  /** A registered client, `deploy-of-acme`, and its secret. */
  clientSecret: string;
  /** Each as it would stand on standard error. */
  logged: string[];
  /** The cookie of a browser that came in by a one-time link. */
  enter(): Promise<string>;
}

/**
 * The real server, on both loopback addresses, with a token of "acme" in its store: one for all tests of a file.
 * Nothing else is reached. To be called at the top of the file.
 */
export function attacked(): Attacked {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
  const it = {} as Attacked;
  beforeAll(async () => {
    const port = await freePort();
    const settings = { ...readSettings({ WEBEX_TOKEN_HOME: join(folder, 'home') }), port };
    const fetch = () => Promise.reject(new Error('offline'));
    const vault = await openVault(settings, { fetch, keychain: noKeychain });
    await profileWithToken(vault, 'acme', { token: canary });
    const clientSecret = await clientOf(vault, 'deploy-of-acme', ['acme']);
    const logged: string[] = [];
    const log = createLog('info', { write: (line: string) => void logged.push(line) });
    const server = await startWebServer(vault, log);
    const origin = `http://localhost:${port}`;
    const enter = async () => {
      const answer = await fetchOf(`${origin}/access/${await createAccessLink(vault)}`, {
        redirect: 'manual',
      });
      return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    };
    Object.assign(it, { vault, server, port, origin, clientSecret, logged, enter });
  });
  afterAll(async () => {
    await it.server.close();
    await closeVault(it.vault);
    rmSync(folder, { recursive: true, force: true });
  });
  return it;
}

const fetchOf = globalThis.fetch;
