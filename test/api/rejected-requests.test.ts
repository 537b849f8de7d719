import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createApi } from '../../src/api/app.ts';
import type { PendingRequest } from '../../src/api/queue/batch-queue.ts';
import { clientEndpoint } from '../../src/api/request/client-request.ts';
import type { Db } from '../../src/store/db.ts';
import { NotAuthentic } from '../../src/store/integrity/authenticated-set.ts';
import { changing, inTransaction } from '../../src/store/integrity/changes.ts';
import { untrusted } from '../../src/store/integrity/untrusted.ts';
import { openTokenRequestStore } from '../../src/store/token-requests/open.ts';
import type { TokenRequestStore } from '../../src/store/token-requests/token-request-store.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { askToken, clientOf, post, profileWithToken, served } from '../support/api-server.ts';
import { listening } from '../support/http/fake-proxy.ts';
import { filledVault, today } from '../support/vault/test-vault.ts';
import { askWithAssertion, servedWithIssuer } from '../support/workload-client.ts';

/* The response to a request that gets no token, and what is recorded about it. */

const prepared = filledVault(async (vault) => {
  await profileWithToken(vault, 'acme');
  return {
    secret: await clientOf(vault, 'ci', ['acme']),
    relaySecret: await clientOf(vault, 'entra', ['acme'], { relayRights: 'all' }),
  };
});

/** The token API, with a record of each decision. */
async function ready() {
  const { vault, filled } = await prepared();
  const decisions: { authenticated: boolean; granted: boolean }[] = [];
  const store = openTokenRequestStore(storeLocation(vault.settings), vault.db, vault.now);
  const reads: TokenRequestStore = {
    run: (batch, now) => {
      for (const request of batch as PendingRequest[]) {
        const decide = request.decide.bind(request);
        request.decide = (found) => {
          const decision = decide(found);
          decisions.push({ authenticated: request.lane.authenticated, granted: decision.granted });
          return decision;
        };
      }
      return store.run(batch, now);
    },
    close: () => store.close(),
  };
  const api = await served({ vault, reads });
  const ci = `Basic ${Buffer.from(`ci:${filled.secret}`).toString('base64')}`;
  const ask = (form: Record<string, string> = {}) =>
    post(`${api.origin}/oauth/token`, { grant_type: 'client_credentials', ...form });
  const rows = () => {
    expect(decisions.filter(({ granted }) => granted)).toEqual([]);
    return rejections(vault.db);
  };
  return { ...api, ...filled, db: vault.db, ci, decisions, ask, rows };
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
        json: {
          error: 'invalid_client',
          error_description: 'The request has no client authentication.',
        },
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
    const { origin, rows } = await ready();
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      statuses.push((await askToken({ origin }, `unknown-${count}`, 'wrong')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await askToken({ origin }, 'ci', 'wrong')).status).toBe(401);
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

  it('is no longer delayed after one with the right secret', async () => {
    const { origin, secret, decisions } = await ready();
    for (let count = 0; count < 6; count += 1) await askToken({ origin }, 'ci', 'wrong');
    expect((await askToken({ origin }, 'ci', secret)).status).toBe(200);
    // Only a secret that was valid before gets the lane of its client.
    expect(decisions.at(-1)).toEqual({ authenticated: false, granted: true });
    expect((await askToken({ origin }, 'ci', 'wrong')).status).toBe(401);
    expect(decisions.at(-1)).toEqual({ authenticated: false, granted: false });
    expect((await askToken({ origin }, 'ci', secret)).status).toBe(200);
    expect(decisions.at(-1)).toEqual({ authenticated: true, granted: true });
  });

  it('is counted and recorded once if it is decided twice', async () => {
    const entries: unknown[] = [];
    const run: TokenRequestStore['run'] = (batch) => {
      for (const request of batch) {
        const decisions = [request.decide(null), request.decide(null)] as const;
        entries.push(decisions.map(({ entry }) => entry?.outcome));
        request.complete(decisions[1]);
      }
      return [];
    };
    const { origin } = await served({ reads: { run, close: () => {} } });
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1)
      statuses.push((await askToken({ origin }, 'ci', 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect(entries.slice(-3)).toEqual([
      ['invalid_client', 'invalid_client'],
      ['throttled', 'throttled'],
      [undefined, undefined],
    ]);
  });

  it('gets 403 and is recorded once if it comes from a page of another origin', async () => {
    const { origin, ci, rows } = await ready();
    for (let count = 0; count < 2; count += 1) {
      const response = await fetch(`${origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
        headers: { authorization: ci, origin: 'https://other.example' },
      });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ error: 'invalid_request' });
    }
    expect(await rows()).toEqual([{ ...row, outcome: 'invalid_request' }]);
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
      expect(json).toMatchObject({
        error: 'temporarily_unavailable',
        error_description: expect.stringContaining('so no tokens are issued'),
      });
    }
    expect(await rows()).toEqual([{ ...row, outcome: 'not-authentic' }]);
    expect(logged).toHaveLength(3);
    for (const [details, message] of logged as [object, string][]) {
      expect(details).toHaveProperty('requestId');
      expect(message).toBe('a row of the store failed its integrity check');
    }
  });

  it('is not recorded if the store as a whole was changed, and no client gets a token after that', async () => {
    const { origin, vault, db, secret, rows, logged } = await ready();
    for (const table of ['row_mac', 'row_mac_bucket', 'row_mac_head'] as const) {
      await db.deleteFrom(table).execute();
    }
    for (let count = 0; count < 2; count += 1) {
      expect((await askToken({ origin }, 'ci', secret)).status).toBe(503);
      expect(vault.rollbackDetector.problem).toMatchObject({ code: 'E_INTEGRITY' });
    }
    expect(await rows()).toEqual([]);
    expect(logged).toMatchObject([
      [{ err: { code: 'E_INTEGRITY' } }, expect.stringContaining('tokens are no longer served')],
    ]);
  });
});

describe('a request that causes an error', () => {
  it('gets 500 and is recorded, and the log has the error', async () => {
    const { origin, vault, secret, rows, logged } = await ready();
    await inTransaction(vault.db, async (trx) => {
      const { id } = await trx
        .selectFrom('client')
        .select('id')
        .where('name', '=', 'ci')
        .executeTakeFirstOrThrow();
      await changing(trx, 'client', [id]);
      await trx.updateTable('client').set({ addresses: '{' }).where('id', '=', id).execute();
    });
    expect(await askToken({ origin }, 'ci', secret)).toMatchObject({
      status: 500,
      json: { error: 'server_error', error_description: 'Internal error. See the server log.' },
    });
    expect(await rows()).toEqual([{ ...row, outcome: 'server_error', client: 'ci' }]);
    expect(logged).toMatchObject([
      [{ err: expect.any(Error), requestId: expect.any(String) }, 'token API request could not be decided'],
    ]);
  });

  it('gets 503 if the error happens before it is queued', async () => {
    const { vault } = await ready();
    const logged: unknown[] = [];
    const log = { error: (...args: unknown[]) => void logged.push(args), warn: () => {} };
    const { context, close } = createApi({
      vault,
      log,
      issuer: 'http://127.0.0.1',
      probes: { ready: () => Promise.resolve() },
    });
    const make = () => {
      throw new Error('broken endpoint');
    };
    const listener = clientEndpoint(context, { action: 'read', path: '/', make });
    const port = await listening(createServer(listener));
    const answer = await askToken({ origin: `http://127.0.0.1:${port}` }, 'ci', 'x');
    await close();
    expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(logged).toMatchObject([[{ err: { message: 'broken endpoint' } }, 'token API request failed']]);
  });
});

describe('a request while the store cannot be read', () => {
  const failing = (error: Error) => ({ run: () => Promise.reject(error), close: () => {} });
  const unavailable = {
    status: 503,
    json: {
      error: 'temporarily_unavailable',
      error_description: 'The store is temporarily unavailable. See the server log.',
    },
  };

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
