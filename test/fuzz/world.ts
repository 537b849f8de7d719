import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { createApi } from '../../src/api/app.ts';
import { readSettings } from '../../src/config/settings.ts';
import { listenOnFreePort } from '../../src/server/listening/listen.ts';
import { routeByPath } from '../../src/server/requests/route-by-path.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import type { Vault } from '../../src/vault/context.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { createWebApp } from '../../src/web/app.ts';

/** Texts that no response and no error may contain. */
export const storedToken = 'fake-token-that-nobody-may-see';

export interface World {
  folder: string;
  vault: Vault;
  clientSecret: string;
  close(): Promise<void>;
}

export interface ServedWorld extends World {
  port: number;
  /** Internal errors of the server, as logged. */
  failures: string[];
}

export const noKeychain = { get: refused, set: refused, delete: refused };

function refused(): Promise<never> {
  return Promise.reject(new Error('no keychain here'));
}

/** A vault with one token and one client, in its own folder. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-fuzz-'));
  const settings = readSettings({ WEBEX_TOKEN_HOME: join(folder, 'home') });
  const fetch = () => Promise.reject(new Error('offline'));
  const vault = await openVault(settings, { fetch, keychain: noKeychain });
  const orgId = '11111111-2222-4333-8444-555555555555';
  const tokenId = await importToken(vault, { profile: 'acme', orgId }, storedToken, {});
  await verifyToken(vault, tokenId, {}, true);
  const { secret } = await addClient(vault, { name: 'ci', profiles: ['acme'] }, {});
  return {
    folder,
    vault,
    clientSecret: secret ?? '',
    async close() {
      await closeVault(vault);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same, served: web app and token API on one port. */
export async function serveWorld(): Promise<ServedWorld> {
  const world = await openWorld();
  const failures: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void failures.push(line) });
  let endApi = () => Promise.resolve();
  const listening = await listenOnFreePort((port) => {
    const vault = { ...world.vault, settings: { ...world.vault.settings, port } };
    const probes = { ready: () => Promise.resolve() };
    const api = createApi({ vault, log, issuer: `http://localhost:${port}`, probes });
    endApi = () => api.close();
    return routeByPath(createWebApp({ vault, log }).app, api.listener, port);
  });
  return {
    ...world,
    failures,
    port: listening.port,
    async close() {
      await listening.close();
      await endApi();
      await world.close();
    },
  };
}
