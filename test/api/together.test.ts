import { describe, expect, it } from 'vitest';
import { changing, inTransaction } from '../../src/store/integrity/changes.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import {
  type ApiResponse,
  askToken,
  clientOf,
  orgIds,
  post,
  profileWithToken,
  served,
} from '../support/api-server.ts';
import { actor, filledVault } from '../support/vault/test-vault.ts';

/* Requests that arrive at the same moment share a commit. No content of one of them affects the responses to the others. */

const prepared = filledVault(async (vault) => {
  await profileWithToken(vault, 'acme');
  await profileWithToken(vault, 'globex', { orgId: orgIds.globex });
  const one = await clientOf(vault, 'one', ['acme']);
  const two = await clientOf(vault, 'two', ['acme', 'globex']);
  return { one, two };
});

async function ready() {
  const { vault, filled } = await prepared();
  const { one, two } = filled;
  const api = await served({ vault });
  const url = `${api.origin}/oauth/token`;
  const resource = `https://api.ciscospark.com/v1/scim/${orgIds.globex}`;
  const honest = () =>
    Promise.all([
      askToken(api, 'one', one),
      askToken(api, 'two', two, { resource }),
      askToken(api, 'one', one, { scope: 'Identity:SCIM' }),
    ]);
  return { ...api, one, two, url, honest };
}

function expectTokens(answers: ApiResponse[]): void {
  expect(answers.map(({ status, json }) => [status, json.access_token])).toEqual([
    [200, 'fake-token-for-acme-1'],
    [200, 'fake-token-for-globex-1'],
    [200, 'fake-token-for-acme-1'],
  ]);
}

const texts = [
  'x/%00',
  '%00',
  'a%00b',
  '%ed%a0%80',
  '%ff',
  '%F0%9F%92%A9',
  '%EF%BF%BD',
  '%5C',
  "'",
  '//',
  'x'.repeat(30_000),
];
const parameters = [
  'resource',
  'scope',
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'token',
  '__proto__',
];

describe('requests in the same batch', () => {
  it.each(parameters)('are not affected by hostile values of %s', async (name) => {
    const { honest, url, origin, one, logged } = await ready();
    const hostile = texts.flatMap((text) => {
      const form = `grant_type=client_credentials&${name}=${text}`;
      const alone = name === 'grant_type' ? `${name}=${text}` : form;
      return [
        post(url, alone),
        post(url, alone, `one:${one}`),
        post(`${origin}/oauth/introspect`, `${name}=${text}`, `one:${one}`),
      ];
    });
    const answers = await Promise.all([honest(), ...hostile.map((each) => each.catch(() => null))]);
    expectTokens(answers[0]);
    expectTokens(await honest());
    const statuses = answers.slice(1).map((response) => (response as ApiResponse | null)?.status);
    expect(statuses.every((status) => status !== undefined && status < 500)).toBe(true);
    expect(logged).toEqual([]);
  });

  it.each([
    '',
    '\0',
    'one\0',
    'ONE',
    'one ',
    ' one',
    'ｏｎｅ',
    'one\u200b',
    '\ud800',
    '__proto__',
    'x'.repeat(5_000),
  ])('are not affected by a client that calls itself %j', async (name) => {
    const { honest, origin, logged, vault } = await ready();
    const tries = Promise.all(
      Array.from({ length: 8 }, () => askToken({ origin }, encodeURIComponent(name.toWellFormed()), 'wrong')),
    );
    expectTokens(await honest());
    expect((await tries).every(({ status }) => status === 401 || status === 429)).toBe(true);
    expectTokens(await honest());
    expect(logged).toEqual([]);
    const rows = await vault.db.selectFrom('audit').select('client').where('outcome', '<>', 'ok').execute();
    expect(rows.every(({ client }) => client === null)).toBe(true);
  });

  it('are not affected by requests that someone else sends in the name of a client', async () => {
    const { url, honest } = await ready();
    for (const resource of ['//', '/', 'https://x/', `x/${orgIds.acme}`, `https://x/${orgIds.globex}/`]) {
      const form = { grant_type: 'client_credentials', client_id: 'one', client_secret: 'wrong', resource };
      expect((await post(url, form)).status).toBeGreaterThanOrEqual(401);
      const unnamed = { ...form, client_id: 'two' };
      expect((await post(url, unnamed)).status).toBeGreaterThanOrEqual(401);
      expectTokens(await honest());
    }
  });

  it.each(['addresses', 'jwks'] as const)(
    'do not fail because of a client whose %s are damaged in the store',
    async (column) => {
      const { vault, honest, origin } = await ready();
      const { secret } = await addClient(vault, { name: 'broken', profiles: ['acme'] }, actor);
      await vault.db
        .updateTable('client')
        .set({ [column]: '{' })
        .where('name', '=', 'broken')
        .execute();
      const broken = askToken({ origin }, 'broken', secret ?? '');
      expectTokens(await honest());
      expect((await broken).status).toBe(503);
    },
  );

  it('do not wait for a token whose data key is unknown', async () => {
    const { vault, honest, origin } = await ready();
    await profileWithToken(vault, 'initech', { orgId: 'aaaaaaaa-8888-4777-8666-555555555555' });
    const secret = await clientOf(vault, 'initech', ['initech']);
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"of-nobody"}').toString('base64url');
    const ciphertext = `${header}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`;
    await inTransaction(vault.db, async (trx) => {
      const { id } = await trx
        .selectFrom('token')
        .innerJoin('profile', 'profile.id', 'token.profile_id')
        .select('token.id')
        .where('profile.name', '=', 'initech')
        .executeTakeFirstOrThrow();
      await changing(trx, 'token', [id]);
      await trx.updateTable('token').set({ ciphertext }).where('id', '=', id).execute();
    });
    // Its key is looked up until the test reports that no one has it.
    let known = false;
    const knows = vault.keys.hasKeyFor.bind(vault.keys);
    vault.keys.hasKeyFor = (text) => (text === ciphertext ? known : knows(text));
    vault.keys.refreshKeyFor = () => Promise.resolve();
    const waiting = askToken({ origin }, 'initech', secret);
    for (let round = 0; round < 2; round += 1) expectTokens(await honest());
    known = true;
    expect((await waiting).status).toBe(500);
  });
});
