import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { createApi } from '../../src/api/app.ts';
import { isRelayTarget } from '../../src/config/issuer.ts';
import type { RelayLimits } from '../../src/relay/limits.ts';
import { createRelay, type Relay } from '../../src/relay/relay.ts';
import type { ClientRequest } from '../../src/vault/clients/clients.ts';
import { clientOf, orgIds, profileWithToken } from './api-server.ts';
import { atEnd } from './for-file.ts';
import { comparing } from './openapi/described-responses.ts';
import { newVault, settingsWithKeys, type TestVault } from './vault/test-vault.ts';

/** A request as it arrived at the simulated Webex. */
export interface Arrived {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Upstream {
  origin: string;
  /** Every request so far to the SCIM service, without those to `people/me`. */
  arrived: Arrived[];
  /** Handles the SCIM service's requests, after their body was read. */
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => void;
  /** The tokens that `people/me` accepts. By default it is not available (500). */
  people: (token: string) => number;
}

/** A bare HTTP server in place of Webex. Ends with the test. */
export async function upstreamServer(): Promise<Upstream> {
  const upstream: Upstream = {
    origin: '',
    arrived: [],
    handle: (_request, response) => void response.setHeader('Content-Type', 'application/json').end('{}'),
    people: () => 500,
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    if (!url.startsWith('/v1/scim/')) {
      response.writeHead(upstream.people(headers.authorization?.slice(7) ?? '')).end(person);
      return;
    }
    upstream.arrived.push({ method, url, headers, body });
    upstream.handle(request, response, body);
  }).listen(0, '127.0.0.1');
  server.on('clientError', (_error, socket) => socket.destroy());
  await once(server, 'listening');
  upstream.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return upstream;
}

/** The account that `people/me` returns. */
const person = JSON.stringify({
  id: 'person',
  displayName: 'Ada',
  emails: ['ada@example.com'],
  orgId: orgIds.acme,
});

export interface RelayServer {
  vault: TestVault;
  upstream: Upstream;
  relay: Relay;
  port: number;
  origin: string;
  /** Of the profile `acme` at the simulated Webex. */
  tenantUrl: string;
  /** Of the profile `acme` at the relay. */
  relayUrl: string;
  logged: unknown[];
  /** How often reminders were sent immediately. */
  reminded: number;
  /** Registers a relay client of the profile `acme`. Returns its secret. */
  client(name: string, more?: Partial<ClientRequest>): Promise<string>;
}

export interface RelayServerOptions {
  limits?: Partial<RelayLimits>;
  trustedProxies?: string[];
  vault?: TestVault;
  upstream?: Upstream;
}

/** The relay on a free port, with a profile `acme` that has a token, before a simulated Webex. All ends with the test. */
export async function relayServer(options: RelayServerOptions = {}): Promise<RelayServer> {
  const upstream = options.upstream ?? (await upstreamServer());
  const vault = options.vault ?? (await vaultBefore(upstream));
  let handler: RequestListener = (_request, response) => response.end();
  const server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const logged: unknown[] = [];
  const write = (...args: unknown[]) => void logged.push(args);
  const log = { error: write, warn: write };
  const probes = { ready: () => Promise.resolve() };
  const { trustedProxies = [], limits } = options;
  const api = createApi({ vault, log, issuer: origin, probes, trustedProxies });
  const here: RelayServer = {
    vault,
    upstream,
    relay: createRelay({
      api: api.context,
      log,
      ...(limits !== undefined && { limits }),
      remind: () => {
        here.reminded += 1;
        return Promise.resolve();
      },
    }),
    port,
    origin,
    tenantUrl: `${upstream.origin}/v1/scim/${orgIds.acme}`,
    relayUrl: `${origin}/scim/acme`,
    logged,
    reminded: 0,
    client: (name, more) => clientOf(vault, name, ['acme'], { relayRights: 'all', ...more }),
  };
  const differences: string[] = [];
  const relayed = comparing(here.relay.listener, (difference) => differences.push(difference));
  handler = (request, response) =>
    isRelayTarget(request.url ?? '') ? relayed(request, response) : api.listener(request, response);
  if (options.vault === undefined) await profileWithToken(vault, 'acme');
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
    await here.relay.close();
    await api.close();
    expect(differences, 'responses that the OpenAPI document does not describe').toEqual([]);
  });
  return here;
}

/** A vault whose Webex is the given server. */
export async function vaultBefore(upstream: Upstream): Promise<TestVault> {
  const endpoints = {
    idbroker: `${upstream.origin}/idb`,
    api: `${upstream.origin}/v1`,
    scim: `${upstream.origin}/v1/scim`,
  };
  const settings = { ...(await settingsWithKeys()), webex: { commercial: endpoints, government: endpoints } };
  return await newVault(undefined, { settings, fetch: globalThis.fetch });
}

export interface RelayResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Whether the response was cut off. */
  aborted: boolean;
}

export interface Question {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/** Sends a request to the relay, its path unchanged: `fetch` would normalize it. */
export function ask(
  { port }: Pick<RelayServer, 'port'>,
  secret: string | null,
  path: string,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<RelayResponse> {
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      port,
      host: '127.0.0.1',
      path,
      method,
      agent: false,
      headers: {
        ...(secret !== null && { authorization: `Bearer ${secret}` }),
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => {});
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          aborted: !response.complete,
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The status and the detail of a SCIM error. Fails if it is not one. */
export function scimError({ status, headers, body }: RelayResponse): { status: number; detail: string } {
  const error = JSON.parse(body) as { schemas: string[]; status: string; detail: string };
  const isScim =
    headers['content-type'] === 'application/scim+json' &&
    error.schemas[0] === 'urn:ietf:params:scim:api:messages:2.0:Error' &&
    error.status === String(status) &&
    headers['cache-control'] === 'no-store';
  if (!isScim) throw new Error(`no SCIM error: ${status} ${JSON.stringify(headers)} ${body}`);
  return { status, detail: error.detail };
}
