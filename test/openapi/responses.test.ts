import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/openapi/document.ts';
import type { Lookup, TokenRequestStore } from '../../src/store/token-requests/token-request-store.ts';
import { clientOf, profileWithToken, served } from '../support/api-server.ts';
import { differenceFromDocument, type SentResponse } from '../support/openapi/described-responses.ts';

const document = openApiDocument('http://localhost:3000');
const tokenPaths = Object.entries(document.paths).filter(([path]) => !path.startsWith('/scim/'));

/** Sends a request, and fails if the response is not as documented. */
async function ask(origin: string, path: string, init: RequestInit = {}): Promise<SentResponse> {
  const response = await fetch(origin + path, init);
  const sent = {
    method: init.method ?? 'GET',
    path,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
  expect(differenceFromDocument(sent)).toBeNull();
  return sent;
}

function form(parameters: Record<string, string>, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body: new URLSearchParams(parameters), headers };
}

/** Simulates a database that is down. */
const noReads: TokenRequestStore = {
  run: () => Promise.reject(new Error('the database is down')),
  close: () => {},
};

/** Simulates a decision that fails for an unexpected reason. */
const wrong = {
  client: {},
  get untrusted(): never {
    throw new Error('unexpected');
  },
} as unknown as Lookup;

const wrongReads: TokenRequestStore = {
  run: (batch) => {
    for (const read of batch) read.complete(read.decide(wrong));
    return [];
  },
  close: () => {},
};

describe('the responses of the token API', () => {
  it('have each status that the OpenAPI document describes', async () => {
    const { origin, vault } = await served({
      describe: () => Promise.resolve(JSON.stringify(document)),
      probes: {
        ready: () => Promise.resolve(),
        metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      },
    });
    const broken = await served({
      reads: noReads,
      probes: {
        ready: () => Promise.reject(new Error('the database is down')),
        metrics: () => Promise.reject(new Error('the database is down')),
      },
    });
    const faulty = await served({ reads: wrongReads });
    const token = await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const client = { client_id: 'ci', client_secret: secret };
    const seen = new Set<string>();
    const note = ({ method, path, status }: SentResponse) => {
      const item = document.paths[path] ?? {};
      const described = method.toLowerCase() in item ? method.toLowerCase() : Object.keys(item)[0];
      seen.add(`${described} ${path} ${status}`);
    };

    for (const [path, item] of tokenPaths) {
      note(await ask(origin, path, { method: 'DELETE' }));
      if ('get' in item) {
        note(await ask(origin, path));
        continue;
      }
      const asked = path === '/oauth/token' ? { grant_type: 'client_credentials' } : { token };
      note(await ask(origin, path, form({ ...client, ...asked })));
      note(await ask(origin, path, form(client)));
      note(await ask(origin, path, form({ ...asked, client_id: 'ci', client_secret: 'wrong' })));
      note(await ask(origin, path, form(asked, { origin: 'https://evil.test' })));
      note(await ask(origin, path, form({ ...asked, more: 'x'.repeat(40_000) })));
      note(await ask(broken.origin, path, form({ ...client, ...asked })));
      note(await ask(faulty.origin, path, form({ ...client, ...asked })));
      for (let tries = 0; tries < 12; tries += 1) {
        note(await ask(origin, path, form({ ...client, client_secret: `${secret.slice(0, -1)}?` })));
      }
    }
    for (const path of ['/readyz', '/metrics']) note(await ask(broken.origin, path));

    const documented = tokenPaths.flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method} ${path} ${status}`),
      ),
    );
    expect([...seen].sort()).toEqual(documented.sort());
  });
});

describe('the comparison of responses with the OpenAPI document', () => {
  const sent: SentResponse = {
    method: 'POST',
    path: '/oauth/token',
    status: 401,
    headers: { 'content-type': 'application/json', 'www-authenticate': 'Basic' },
    body: '{"error":"invalid_client","error_description":"no"}',
  };

  it('accepts what is described', () => {
    expect(differenceFromDocument(sent)).toBeNull();
  });

  it.each([
    ['a path', { path: '/oauth/other' }],
    ['a method', { method: 'PUT' }],
    ['a status', { status: 418 }],
    ['a header', { headers: { ...sent.headers, 'retry-after': '3' } }],
    ['a type', { headers: { 'content-type': 'text/html' } }],
    ['a value', { body: '{"error":"other","error_description":"no"}' }],
    ['a member', { body: '{"error":"invalid_client","error_description":"no","hint":"no"}' }],
  ])('reports %s that is not described', (_what, change) => {
    expect(differenceFromDocument({ ...sent, ...change })).not.toBeNull();
  });
});
