import { randomBytes } from 'node:crypto';
import express from 'express';
import { Faults } from '../faults.ts';
import { type ListeningServer, listenOnLoopback } from '../listening-server.ts';
import { EntraDirectory, type SimulatedEnterpriseApp } from './entra-directory.ts';
import { type EntraLoginSettings, entraLogin, type SimulatedEntraClient } from './entra-login.ts';
import { graphApi } from './graph-api.ts';
import { sendGraphError } from './graph-error.ts';
import { runCycle } from './provisioning.ts';
import type { SecretsSettings } from './synchronization-secrets.ts';

export interface ToolRequest {
  method: string;
  /** Without the query. */
  path: string;
}

/** A simulated Entra ID tenant. Its sign-in and Microsoft Graph each have their own address. */
export interface SimulatedEntra {
  endpoints: { graph: string; login: string };
  directory: EntraDirectory;
  /** The application that exists at the start. It was added from the gallery and is not configured. */
  app: SimulatedEnterpriseApp;
  /** A client with a secret and the permission to change provisioning. More can be added to `clients`. */
  client: SimulatedEntraClient & { secret: string };
  clients: SimulatedEntraClient[];
  settings: EntraLoginSettings & SecretsSettings;
  /** The requests to Graph and the sign-in, oldest first. `requests.length = 0` clears the list. */
  requests: ToolRequest[];
  faults: Faults;
  /** Runs one provisioning cycle, as Entra ID does every 40 minutes. */
  runCycle(app?: SimulatedEnterpriseApp): Promise<void>;
  close(): Promise<void>;
}

/** Scopes that a person may grant. */
const graphPermissions = ['Synchronization.ReadWrite.All', 'Application.Read.All', 'User.ReadBasic.All'];

export async function startSimulatedEntra({ now }: { now: () => number }): Promise<SimulatedEntra> {
  const graph = await listenOnLoopback(0);
  const login = await listenOnLoopback(0);
  const directory = new EntraDirectory();
  const app = directory.addApp();
  const client = {
    clientId: 'e0c10001-5eed-4000-8000-000000000001',
    secret: `fake-entra-secret-${randomBytes(6).toString('hex')}`,
    permissions: [...graphPermissions],
  };
  const clients: SimulatedEntraClient[] = [client];
  const settings: EntraLoginSettings & SecretsSettings = {
    deviceApproval: 'automatic',
    deviceCodeLifetime: 900,
    deviceCodeInterval: 1,
    unnamedSecrets: 'dropped',
    shownSecrets: 'all-but-secret',
    connectivityParameters: 'served',
  };
  const tokens = new Map<string, { permissions: string[]; expiresAt: number }>();
  const requests: ToolRequest[] = [];
  const faults = new Faults();
  const serve = (server: ListeningServer, paths: string | string[], router: express.Router) => {
    const application = express().disable('x-powered-by');
    application.use((request, _response, next) => {
      requests.push({ method: request.method, path: request.path });
      next();
    });
    application.use(faults.middleware(null, sendGraphError));
    application.use(paths, router);
    application.use((_request, response) => sendGraphError(response, 404));
    server.setListener(application);
  };
  serve(
    graph,
    // The beta version contains all of v1.0.
    ['/v1.0', '/beta'],
    graphApi({
      directory,
      settings,
      now,
      permissionsOf: (token) => {
        const known = tokens.get(token);
        return known !== undefined && known.expiresAt > now() ? known.permissions : undefined;
      },
    }),
  );
  serve(
    login,
    '/',
    entraLogin({
      origin: login.origin,
      tenantId: directory.tenantId,
      clients,
      settings,
      now,
      tokens: {
        issue(permissions) {
          const token = `SIMULATED-GRAPH-TOKEN-${randomBytes(24).toString('base64url')}`;
          tokens.set(token, { permissions, expiresAt: now() + 3_599_000 });
          return token;
        },
      },
    }),
  );
  return {
    endpoints: { graph: graph.origin, login: login.origin },
    directory,
    app,
    client,
    clients,
    settings,
    requests,
    faults,
    async runCycle(provisioned = app) {
      for (const job of provisioned.jobs) await runCycle(directory, provisioned, job, now());
    },
    async close() {
      await Promise.all([graph.close(), login.close()]);
    },
  };
}
