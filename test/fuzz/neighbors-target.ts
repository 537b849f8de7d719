import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { createApi } from '../../src/api/app.ts';
import { readSettings } from '../../src/config/settings.ts';
import { startPostgres } from '../../src/demo/postgres-server.ts';
import { openTokenRequestStore } from '../../src/store/token-requests/open.ts';
import { RetryLater, type TokenRequestStore } from '../../src/store/token-requests/token-request-store.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { anyText } from '../support/any-text.ts';
import { type RawResponse, sendRaw } from '../support/attacks/raw-http.ts';
import type { Target } from './target.ts';
import { noKeychain } from './world.ts';

/** One hostile request, in parts. */
interface Hostile {
  introspection: boolean;
  authorization: string | null;
  form: string;
  /** The last claims of an assertion, as JSON text; null if the form has none. */
  claims: string | null;
  headers: string;
}

const now = Date.UTC(2027, 2, 1);
const orgIds = ['11111111-2222-4333-8444-555555555555', '99999999-8888-4777-8666-555555555555'] as const;
const scim = 'https://api.ciscospark.com/v1/scim/';
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function pieces(maxLength: number, ...known: string[]) {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const part = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: byte });
  return fc.array(part, { maxLength }).map((parts) => parts.join(''));
}

const hostileText = [
  '%00',
  '%ff',
  '%ed%a0%80',
  '%c3%28',
  '%F0%9F%92%A9',
  '//',
  '/',
  "'",
  '%5c',
  '%22',
  '%',
  '+',
  ' ',
];

const forms = pieces(
  14,
  'grant_type=client_credentials&',
  '&resource=',
  '&scope=',
  '&token=',
  '&client_id=',
  '&client_secret=',
  '&client_assertion=',
  `&client_assertion_type=${jwtBearer}`,
  'one',
  'two',
  'mallory',
  'ONE',
  scim,
  ...orgIds,
  'https://x/',
  `eyJhbGciOiJFUzI1NiJ9.${Buffer.from('{"sub":"two"}').toString('base64url')}.AAAA`,
  'x'.repeat(9_000),
  '__proto__=',
  ...hostileText,
);

const value = (...known: string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: pieces(3, ...hostileText) },
  );

/** Closer to valid input: each parameter once, most of them complete. */
const wholeForms = fc
  .record(
    {
      grant_type: fc.constant('client_credentials'),
      client_id: value('one', 'two', 'mallory', 'keyed', 'ONE', ''),
      client_secret: value('wrong', '', '%00'),
      resource: value(
        '//',
        '/',
        '%00',
        `${scim}%00`,
        scim,
        scim + orgIds[0],
        scim + orgIds[1],
        `x/${orgIds[0]}/`,
      ),
      scope: value('', 'Identity:SCIM', 'x', '%00'),
      token: value('x', '%00', 'fake-token-of-acme', `${'A'.repeat(64)}_PF84_${orgIds[0]}`),
    },
    { requiredKeys: ['grant_type'] },
  )
  .map((parameters) =>
    Object.entries(parameters)
      .map(([name, text]) => `${name}=${text}`)
      .join('&'),
  );

const numbers = ['1e400', '-1e400', '1e308', '-1', '0', '0.1', '"x"', 'null', '[]', '9007199254740993'];
const soon = [now / 1000 + 60, now / 1000 + 60.0001234, now / 1000 + 3599.999, now / 1000 - 29.5].map(String);

/** The claims that decide what is stored, with numbers of every kind. */
const claimTexts = fc
  .record({
    exp: fc.constantFrom(...soon, ...soon, ...numbers),
    iat: fc.constantFrom(...soon, ...numbers),
    nbf: fc.constantFrom('0', String(now / 1000), ...numbers),
    jti: fc.oneof(anyText({ maxLength: 300 }), fc.constant('\ud800'), fc.constant('\0')),
  })
  .map(({ exp, iat, nbf, jti }) => `"jti":${JSON.stringify(jti)},"exp":${exp},"iat":${iat},"nbf":${nbf}`);

const hostile: fc.Arbitrary<Hostile> = fc.record({
  introspection: fc.boolean(),
  // "own": with the fuzzer's own, valid credentials.
  authorization: fc.option(
    fc.oneof(
      fc.constant('own'),
      pieces(6, 'Basic ', 'Bearer ', 'b25lOng=', 'dHdvOng=', 'b25lAA==', 'Og==', '=', ',', ' '),
      fc
        .tuple(
          fc.constantFrom('one', 'two', 'mallory', '%00', 'one%00', ''),
          pieces(4, 'x', ':', ...hostileText),
        )
        .map(([name, secret]) => `Basic ${Buffer.from(`${name}:${secret}`, 'latin1').toString('base64')}`),
    ),
    { nil: null },
  ),
  form: fc.oneof(forms, wholeForms),
  claims: fc.option(claimTexts, { nil: null, freq: 2 }),
  headers: fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: pieces(5, 'Origin: x', 'X-Forwarded-For: ', '10.0.0.1', '\r\n', ',', '%00', '::1'),
    },
  ),
});

/**
 * The token API on one engine: a fuzzer sends any input while two clients send valid requests. Their responses must be what they
 * always are, no request may make a shared commit fail, and they may not wait for more batches than there are requests.
 */
export async function neighborsTarget(engine: 'sqlite' | 'postgres'): Promise<Target<Hostile[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-fuzz-'));
  const postgres = engine === 'postgres' ? await startPostgres() : null;
  await postgres?.createDatabase('fuzz');
  const settings = readSettings({
    WEBEX_TOKEN_HOME: join(folder, 'home'),
    ...(postgres !== null && { WEBEX_TOKEN_DATABASE_URL: `${postgres.url}fuzz` }),
  });
  const fetch = () => Promise.reject(new Error('offline'));
  const vault = await openVault(settings, { fetch, keychain: noKeychain, now: () => now });
  for (const [at, profile] of ['acme', 'globex'].entries()) {
    const request = { profile, orgId: orgIds[at] ?? '', deployment: 'commercial' as const };
    const text = `#access_token=fake-token-of-${profile}&token_type=Bearer&expires_in=3887999`;
    await verifyToken(vault, await importToken(vault, request, text, {}), {});
  }
  const secretOf = async (name: string, profiles: string[]) =>
    (await addClient(vault, { name, profiles }, {})).secret ?? '';
  const one = await secretOf('one', ['acme']);
  const two = await secretOf('two', ['acme', 'globex']);
  const mallory = await secretOf('mallory', ['globex']);
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = JSON.stringify({ keys: [await exportJWK(publicKey)] });
  await addClient(vault, { name: 'keyed', profiles: ['globex'], jwks }, {});

  const failures: unknown[] = [];
  let batches = 0;
  const counted = countingReads(
    openTokenRequestStore(storeLocation(settings), vault.db, vault.now),
    failures,
    () => {
      batches += 1;
    },
  );
  const log = { error: (...args: unknown[]) => void failures.push(args), warn: () => {} };
  const probes = { ready: () => Promise.resolve() };
  const issuer = 'http://tokens.example';
  const api = createApi({ vault, log, issuer, probes, reads: counted });
  const server = createServer(api.listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const send = async ({ introspection, authorization, form, claims, headers }: Hostile) => {
    let body = form;
    if (claims !== null) {
      const payload = `{"iss":"keyed","sub":"keyed","aud":"${issuer}",${claims}}`;
      const signer = new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'ES256' });
      body = `grant_type=client_credentials&client_assertion_type=${jwtBearer}&client_assertion=${await signer.sign(privateKey)}&${form}`;
    }
    const own = `Basic ${Buffer.from(`mallory:${mallory}`).toString('base64')}`;
    const lines = [
      ...(authorization === null || claims !== null
        ? []
        : [`Authorization: ${authorization === 'own' ? own : authorization.replace(/[\r\n]/g, '')}`]),
      ...(headers === '' ? [] : [headers]),
    ];
    return await ask(port, introspection ? '/oauth/introspect' : '/oauth/token', lines, body);
  };
  const honest = async (name: string, secret: string, more = '') => {
    const lines = [`Authorization: Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`];
    const before = batches;
    const { status, body } = await ask(port, '/oauth/token', lines, `grant_type=client_credentials${more}`);
    return { response: `${status} ${body}`, waited: batches - before };
  };
  const ofTwo = `&resource=${encodeURIComponent(scim + orgIds[1])}`;
  const both = () => Promise.all([honest('one', one), honest('two', two, ofTwo)]);
  const expected = (await both()).map(({ response }) => response);
  assert.ok(expected.every((response) => response.startsWith('200 {"access_token":"fake-token-of-')));

  return {
    inputs: fc.array(hostile, { minLength: 1, maxLength: 8 }),
    async check(requests) {
      // Simulates a write by another process, so that everything has to be looked up again.
      await vault.db.updateTable('audit_head').set({ id: 1 }).where('id', '=', 1).execute();
      const half = Math.ceil(requests.length / 2);
      const sent = requests.slice(0, half).map(send);
      const asked = both();
      sent.push(...requests.slice(half).map(send));
      const answers = await Promise.all(sent);
      const got = await asked;
      assert.deepEqual(
        got.map(({ response }) => response),
        expected,
      );
      assert.deepEqual(failures.splice(0), []);
      for (const { status } of answers)
        assert.ok(status === 0 || (status >= 200 && status < 500), `status ${status}`);
      // Each of the others may arrive as a separate batch, and so may the two valid ones.
      const most = requests.length + 3;
      for (const { waited } of got) assert.ok(waited <= most, `it waited for ${waited} batches`);
      // Earlier requests have no effect afterwards either.
      assert.deepEqual(
        (await both()).map(({ response }) => response),
        expected,
      );
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.close();
      await closeVault(vault);
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ask(port: number, path: string, headers: string[], body: string): Promise<RawResponse> {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    'Content-Type: application/x-www-form-urlencoded',
    ...headers,
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    body,
  ];
  return sendRaw(port, lines.join('\r\n'));
}

/** A failed batch counts as a failure even if it is retried, because one request made the others wait. */
function countingReads(reads: TokenRequestStore, failures: unknown[], count: () => void): TokenRequestStore {
  return {
    run: async (batch, time) => {
      count();
      try {
        return await reads.run(batch, time);
      } catch (error) {
        if (!(error instanceof RetryLater)) failures.push(error);
        throw error;
      }
    },
    close: () => reads.close(),
  };
}
