import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { type ApiOptions, createApi } from '../../src/api/app.ts';
import { addClient, type ClientRequest } from '../../src/vault/clients/clients.ts';
import type { Vault } from '../../src/vault/context.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { atEnd } from './for-file.ts';
import { comparing } from './openapi/described-responses.ts';
import { actor, newVault, type TestVault } from './vault/test-vault.ts';

export interface Served {
  vault: TestVault;
  /** `http://127.0.0.1:<port>`, which is also the issuer. */
  origin: string;
  logged: unknown[];
}

/** The token API on a free port, with a new vault. Both end with the test, which fails if a response is not as documented. */
export async function served(options: Partial<ApiOptions> & { vault?: TestVault } = {}): Promise<Served> {
  const vault = options.vault ?? (await newVault());
  let handler: RequestListener = (_request, response) => response.end();
  const server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const logged: unknown[] = [];
  const log = {
    error: (...args: unknown[]) => void logged.push(args),
    warn: (...args: unknown[]) => void logged.push(args),
  };
  const probes = { ready: () => Promise.resolve() };
  const api = createApi({ vault, log, issuer: origin, probes, ...options });
  const differences: string[] = [];
  handler = comparing(api.listener, (difference) => differences.push(difference));
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
    expect(differences, 'responses that the OpenAPI document does not describe').toEqual([]);
  });
  return { vault, origin, logged };
}

export const orgIds = {
  acme: '11111111-2222-4333-8444-555555555555',
  globex: '99999999-8888-4777-8666-555555555555',
};

/** A profile with a token that does not have Webex's format; Webex is not asked. */
export async function profileWithToken(
  vault: Vault,
  profile: string,
  { token = `fake-token-for-${profile}-1`, orgId = orgIds.acme }: { token?: string; orgId?: string } = {},
): Promise<string> {
  const tokenId = await importToken(
    vault,
    { profile, orgId, deployment: 'commercial' },
    `#access_token=${token}&token_type=Bearer&expires_in=3887999`,
    actor,
  );
  await verifyToken(vault, tokenId, actor);
  return token;
}

/** Registers a client. Returns its secret, or an empty text if it has keys. */
export async function clientOf(
  vault: Vault,
  name: string,
  profiles: string[],
  more: Partial<ClientRequest> = {},
): Promise<string> {
  return (await addClient(vault, { name, profiles, ...more }, actor)).secret ?? '';
}

export interface ApiResponse {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

/** Posts a form. `basic` is `client:secret`. */
export async function post(
  url: string,
  form: Record<string, string> | string[][] | string,
  basic?: string,
): Promise<ApiResponse> {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof form === 'string' ? form : new URLSearchParams(form as Record<string, string>),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic !== undefined && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
  });
  const { status, headers } = response;
  return { status, headers, json: (await response.json()) as Record<string, unknown> };
}

/** Requests a token with `client_secret_basic`. */
export function askToken(
  { origin }: Pick<Served, 'origin'>,
  client: string,
  secret: string,
  more: Record<string, string> = {},
): Promise<ApiResponse> {
  return post(`${origin}/oauth/token`, { grant_type: 'client_credentials', ...more }, `${client}:${secret}`);
}
