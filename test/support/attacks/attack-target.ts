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
import { forFile } from '../for-file.ts';
import { prepareHome } from '../store/engines.ts';
import { noKeychain } from '../vault/test-vault.ts';

/** Has the format of a Webex token. It is assembled here, so that no text in the repository looks like a token. */
export const canary = `${'Canary-of-these-tests-'.padEnd(64, 'Zq7x')}_${'P'}F84_${orgIds.acme}`;

/** Texts that a browser without a session must not get: the profile, its client, and the token. */
export const worth = /acme|deploy-of-acme|Zq7x/i;

export interface AttackTarget {
  vault: Vault;
  server: RunningServer;
  port: number;
  origin: string;
  /** A registered client, `deploy-of-acme`, and its secret. */
  clientSecret: string;
  /** The lines on standard error. */
  logged: string[];
  /** Opens an access link, and returns the session cookie. */
  openSession(): Promise<string>;
}

/**
 * The real server on both loopback addresses, with a token of "acme" in its database; shared by all tests of a file. All
 * outgoing requests fail. Call this at the top of the file.
 */
export function startTarget(): AttackTarget {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
  const target = {} as AttackTarget;
  const portOfFile = forFile(freePort);
  beforeAll(async () => {
    const port = portOfFile();
    const settings = { ...readSettings({ WEBEX_TOKEN_HOME: join(folder, 'home') }), port };
    const fetch = () => Promise.reject(new Error('offline'));
    await prepareHome(settings);
    const vault = await openVault(settings, { fetch, keychain: noKeychain });
    await profileWithToken(vault, 'acme', { token: canary });
    const clientSecret = await clientOf(vault, 'deploy-of-acme', ['acme']);
    const logged: string[] = [];
    const log = createLog('info', { write: (line: string) => void logged.push(line) });
    const server = await startWebServer(vault, log);
    const origin = `http://localhost:${port}`;
    const openSession = async () => {
      const response = await fetchOf(`${origin}/access/${await createAccessLink(vault)}`, {
        redirect: 'manual',
      });
      return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    };
    Object.assign(target, { vault, server, port, origin, clientSecret, logged, openSession });
  });
  afterAll(async () => {
    await target.server.close();
    await closeVault(target.vault);
    rmSync(folder, { recursive: true, force: true });
  });
  return target;
}

const fetchOf = globalThis.fetch;
