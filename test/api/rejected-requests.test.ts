import { describe, expect, it } from 'vitest';
import type { Db } from '../../src/store/db.ts';
import { NotAuthentic } from '../../src/store/integrity/authenticated-set.ts';
import { untrusted } from '../../src/store/integrity/untrusted.ts';
import { askToken, clientOf, post, profileWithToken, served } from '../support/api-server.ts';
import { filledVault, today } from '../support/vault/test-vault.ts';
import { askWithAssertion, servedWithIssuer } from '../support/workload-client.ts';

/* What is recorded about a request that gets no token, and what the client is told. */

const prepared = filledVault(async (vault) => {
  await profileWithToken(vault, 'acme');
  return {
    secret: await clientOf(vault, 'ci', ['acme']),
    relaySecret: await clientOf(vault, 'entra', ['acme'], { relayRights: 'all' }),
  };
});

async function ready() {
  const { vault, filled } = await prepared();
  const api = await served({ vault });
  const ask = (form: Record<string, string> = {}) =>
    post(`${api.origin}/oauth/token`, { grant_type: 'client_credentials', ...form });
  return { ...api, ...filled, db: vault.db, ask, rows: () => rejections(vault.db) };
}

/** The recorded rejections of requests for a token, oldest first. */
async function rejections(db: Db) {
  return await db
    .selectFrom('audit')
    .select(['outcome', 'client', 'profile', 'subject'])
    .where('action', '=', 'read')
    .where('outcome', '<>', 'ok')
    .orderBy('seq')
    .execute();
}

const row = { client: null, profile: null, subject: null };

describe('a rejected request', () => {
  it('is recorded once for each client if it has no credentials', async () => {
    const { ask, rows } = await ready();
    for (const client of ['nobody', 'nobody', 'ci', 'ci', 'no one']) {
      expect(await ask({ client_id: client })).toMatchObject({
        status: 401,
        json: { error: 'invalid_client' },
      });
    }
    expect(await rows()).toEqual([
      { ...row, outcome: 'invalid_client' },
      { ...row, outcome: 'invalid_client', client: 'ci' },
    ]);
  });

  it('is recorded each time if its secret is wrong, and once while it is delayed', async () => {
    const { origin, vault, rows } = await ready();
    const ask = () => askToken({ origin }, 'ci', 'wrong');
    const delayed = (seconds: string) => ({
      status: 429,
      json: {
        error: 'invalid_client',
        error_description: `Too many wrong credentials from 127.0.0.1. Try again in ${seconds}.`,
      },
    });
    for (let count = 0; count < 5; count += 1) expect((await ask()).status).toBe(401);
    expect(await ask()).toMatchObject(delayed('1 second'));
    const again = await ask();
    expect(again).toMatchObject(delayed('1 second'));
    expect(again.headers.get('retry-after')).toBe('1');
    vault.setNow(today + 1_000);
    expect((await ask()).status).toBe(401);
    expect(await ask()).toMatchObject(delayed('2 seconds'));
    expect(await rows()).toEqual([
      ...Array(5).fill({ ...row, outcome: 'invalid_client', client: 'ci' }),
      { ...row, outcome: 'throttled', client: 'ci' },
      { ...row, outcome: 'invalid_client', client: 'ci' },
    ]);
  });

  it('counts the wrong secrets of unknown clients together, and records no name that it claims', async () => {
    const { origin, secret, rows } = await ready();
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      statuses.push((await askToken({ origin }, `unknown-${count}`, 'wrong')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await askToken({ origin }, 'ci', 'wrong')).status).toBe(401);
    expect((await askToken({ origin }, 'ci', secret)).status).toBe(200);
    const throttled = (await rows()).filter(({ outcome }) => outcome === 'throttled');
    expect(throttled).toEqual([{ ...row, outcome: 'throttled' }]);
  });

  it('is recorded once if its assertion cannot be checked, and is not counted as wrong', async () => {
    const fetch = () => Promise.reject(new Error('the issuer is down'));
    const { sign, origin, vault } = await servedWithIssuer({ fetch });
    for (let count = 0; count < 7; count += 1) {
      expect(await askWithAssertion(origin, await sign())).toMatchObject({
        status: 503,
        json: { error: 'temporarily_unavailable' },
      });
    }
    expect(await rejections(vault.db)).toEqual([
      { ...row, outcome: 'temporarily_unavailable', client: 'ci', subject: expect.any(String) },
    ]);
  });

  it('says that a relay client gets no tokens, with the status of OAuth', async () => {
    const { origin, relaySecret, rows } = await ready();
    expect(await askToken({ origin }, 'entra', relaySecret)).toMatchObject({
      status: 400,
      json: {
        error: 'unauthorized_client',
        error_description: expect.stringContaining('for the SCIM relay and cannot get tokens'),
      },
    });
    expect(await rows()).toEqual([{ ...row, outcome: 'unauthorized_client', client: 'entra' }]);
  });

  it('is recorded once if it is not a valid form', async () => {
    const { origin, rows } = await ready();
    for (let count = 0; count < 3; count += 1) {
      const answer = await post(`${origin}/oauth/token`, 'grant_type=x&grant_type=y');
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    }
    expect(await rows()).toEqual([{ ...row, outcome: 'invalid_request' }]);
  });
});

describe('a request while the store cannot be trusted', () => {
  it('is recorded once if a row was changed', async () => {
    const { origin, db, secret, rows, logged } = await ready();
    await db.updateTable('client').set({ expires_at: Number.MAX_SAFE_INTEGER }).execute();
    for (let count = 0; count < 3; count += 1) {
      const { status, headers, json } = await askToken({ origin }, 'ci', secret);
      expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '60' });
      expect(json.error_description).toContain('so no tokens are issued');
    }
    expect(await rows()).toEqual([{ ...row, outcome: 'not-authentic' }]);
    expect(logged).toHaveLength(3);
    for (const [details, message] of logged as [object, string][]) {
      expect(details).toHaveProperty('requestId');
      expect(message).toBe('a row of the store failed its integrity check');
    }
  });

  it('is not recorded if the store as a whole was changed', async () => {
    const { origin, vault, secret, rows, logged } = await ready();
    vault.rollbackDetector.report(untrusted(new NotAuthentic('older', 'the row MACs are older')));
    expect((await askToken({ origin }, 'ci', secret)).status).toBe(503);
    expect(await rows()).toEqual([]);
    expect(logged).toMatchObject([
      [{ err: { code: 'E_STORE_ROLLED_BACK' } }, expect.stringContaining('tokens are no longer served')],
    ]);
  });
});

describe('a request while the store cannot be read', () => {
  const failing = (error: Error) => ({ run: () => Promise.reject(error), close: () => {} });
  const unavailable = { status: 503, json: { error: 'temporarily_unavailable' } };

  it('gets 503 if its rejection would be recorded, and 400 once it is only counted', async () => {
    const { origin, logged } = await served({ reads: failing(new Error('disk I/O error')) });
    const ask = () => post(`${origin}/oauth/token`, 'grant_type=x&grant_type=y');
    expect(await ask()).toMatchObject(unavailable);
    expect(logged).toMatchObject([[{ err: { message: 'disk I/O error' } }, 'token API request failed']]);
    expect(await ask()).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    expect(logged).toHaveLength(1);
  });

  it.each([
    ['nothing else if the error is about a row', 'changed', null],
    ['no more tokens if the error is about the whole store', 'older', 'E_STORE_ROLLED_BACK'],
  ] as const)('gets 503, and %s', async (_, reason, code) => {
    const error = untrusted(new NotAuthentic(reason, 'A row does not match'));
    const { origin, vault } = await served({ reads: failing(error) });
    expect(await askToken({ origin }, 'ci', 'x')).toMatchObject(unavailable);
    expect(vault.rollbackDetector.problem?.code ?? null).toBe(code);
  });
});
