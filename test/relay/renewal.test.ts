import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { orgIds, profileWithToken } from '../support/api-server.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { ask, type RelayServer, relayServer, scimError } from '../support/relay-server.ts';
import { actor, allTokens, auditLog, markRejected, today } from '../support/vault/test-vault.ts';

const path = '/scim/acme/Users';

async function ready(limits = {}) {
  const here = await relayServer({ limits });
  const secret = await here.client('entra');
  /** The tokens that Webex accepts. */
  const accepted = new Set(['fake-token-for-acme-1']);
  here.upstream.people = (token) => (accepted.has(token) ? 200 : 401);
  here.upstream.handle = (request, response) => {
    const token = request.headers.authorization?.slice(7) ?? '';
    response.writeHead(accepted.has(token) ? 200 : 401, { 'Content-Type': 'application/json' }).end('{}');
  };
  return { here, secret, accepted };
}

async function pendingToken({ vault }: RelayServer, token: string): Promise<string> {
  const request = { profile: 'acme', orgId: orgIds.acme, deployment: 'commercial' as const };
  return await importToken(
    vault,
    request,
    `#access_token=${token}&token_type=Bearer&expires_in=3887999`,
    actor,
  );
}

describe('a renewal', () => {
  it('under load loses no request, even if Webex ends the old token at the same moment', async () => {
    const { here, secret, accepted } = await ready();
    let going = true;
    const statuses: number[] = [];
    const worker = async () => {
      while (going) {
        const question = { method: 'POST', body: '{"userName":"a"}' };
        statuses.push((await ask(here, secret, path, question)).status);
      }
    };
    const workers = Array.from({ length: 6 }, worker);
    for (let at = 2; at <= 4; at += 1) {
      const token = `fake-token-for-acme-${at}`;
      accepted.add(token);
      await profileWithToken(here.vault, 'acme', { token });
      accepted.delete(`fake-token-for-acme-${at - 1}`);
      const enough = statuses.length + 20;
      while (statuses.length < enough) await sleep(5);
    }
    going = false;
    await Promise.all(workers);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(here.upstream.arrived.every(({ body }) => body === '{"userName":"a"}')).toBe(true);
    expect((await allTokens(here.vault, 'acme')).map(({ rejectedAt }) => rejectedAt)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('lets requests use the token in use while the new one is being verified', async () => {
    const { here, secret } = await ready();
    await pendingToken(here, 'fake-token-for-acme-2');
    expect((await ask(here, secret, path)).status).toBe(200);
    expect(here.upstream.arrived[0]?.headers.authorization).toBe('Bearer fake-token-for-acme-1');
  });

  it('makes requests wait if the token in use has ended before the new one is verified', async () => {
    const { here, secret, accepted } = await ready({ verificationMs: stepHangsMs });
    accepted.clear();
    const tokenId = await pendingToken(here, 'fake-token-for-acme-2');
    const answers = [1, 2, 3].map(() => ask(here, secret, path));
    while (here.upstream.arrived.length < 3) await sleep(5);
    accepted.add('fake-token-for-acme-2');
    await verifyToken(here.vault, tokenId, actor);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(here.reminded).toBe(0);
  });

  it('makes no request wait for a token that was captured while the clock was ahead', async () => {
    const { here, secret, accepted } = await ready({ verificationMs: stepHangsMs });
    here.vault.setNow(today + dayMs);
    await pendingToken(here, 'fake-token-for-acme-2');
    here.vault.setNow(today);
    accepted.clear();
    expect((await ask(here, secret, path)).status).toBe(503);
  });

  it('makes requests without any token wait for the first one', async () => {
    const { here, secret, accepted } = await ready();
    await markRejected(here.vault, today);
    accepted.add('fake-token-for-acme-2');
    const tokenId = await pendingToken(here, 'fake-token-for-acme-2');
    const answer = ask(here, secret, path);
    await sleep(50);
    await verifyToken(here.vault, tokenId, actor);
    expect((await answer).status).toBe(200);
    expect(here.upstream.arrived).toHaveLength(1);
  });
});

describe('a token that Webex rejects', () => {
  it('is marked, and causes one reminder and responses with 503, for many requests at once', async () => {
    const { here, secret, accepted } = await ready();
    accepted.clear();
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(here, secret, path)));
    for (const answer of answers) {
      expect(scimError(answer)).toMatchObject({
        status: 503,
        detail: expect.stringMatching(/rejected.*full administrator.*webex-token login acme/),
      });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.headers).not.toHaveProperty('www-authenticate');
    }
    expect((await allTokens(here.vault, 'acme'))[0]?.rejectedAt).toBe(today);
    expect((await auditLog(here.vault)).filter((row) => row === 'check rejected acme')).toHaveLength(1);
    await here.relay.close();
    expect(here.reminded).toBe(1);
    const before = here.upstream.arrived.length;
    expect((await ask(here, secret, path)).status).toBe(503);
    expect(here.upstream.arrived).toHaveLength(before);
  });

  it('is marked if Webex cannot be asked about it', async () => {
    const { here, secret, accepted } = await ready();
    accepted.clear();
    here.upstream.people = () => 500;
    expect((await ask(here, secret, path)).status).toBe(503);
    expect((await allTokens(here.vault, 'acme'))[0]?.rejectedAt).toBe(today);
  });

  it('stays in use if only the SCIM service does not accept it', async () => {
    const { here, secret, accepted } = await ready();
    accepted.clear();
    here.upstream.people = () => 200;
    for (let at = 0; at < 2; at += 1) {
      const answer = scimError(await ask(here, secret, path));
      expect(answer.status).toBe(503);
      expect(answer.detail).toContain('webex-token test acme');
    }
    expect((await allTokens(here.vault, 'acme'))[0]?.rejectedAt).toBeNull();
    expect(here.reminded).toBe(0);
    expect((await auditLog(here.vault)).filter((row) => row.startsWith('check '))).toHaveLength(1);
  });

  it('causes one more attempt with a newer token and the same body, and never a third one', async () => {
    const { here, secret, accepted } = await ready();
    accepted.clear();
    let second = 'fake-token-for-acme-2';
    here.upstream.handle = async (request, response) => {
      const token = request.headers.authorization?.slice(7) ?? '';
      if (token !== second) await profileWithToken(here.vault, 'acme', { token: second });
      response.writeHead(accepted.has(token) ? 201 : 401).end();
    };
    accepted.add(second);
    const question = { method: 'POST', body: '{"a":1}' };
    expect((await ask(here, secret, path, question)).status).toBe(201);
    expect(here.upstream.arrived.map(({ headers, body }) => [headers.authorization, body])).toEqual([
      ['Bearer fake-token-for-acme-1', '{"a":1}'],
      ['Bearer fake-token-for-acme-2', '{"a":1}'],
    ]);
    accepted.clear();
    second = 'fake-token-for-acme-3';
    here.upstream.people = () => 200;
    expect((await ask(here, secret, path, question)).status).toBe(503);
    expect(here.upstream.arrived).toHaveLength(4);
    const rows = await here.vault.db
      .selectFrom('audit')
      .select('outcome')
      .where('action', '=', 'relay')
      .orderBy('chain')
      .orderBy('seq')
      .execute();
    expect(rows.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'unauthorized-by-webex']);
  });
});

describe('a profile without a usable token', () => {
  it('gets 503 immediately', async () => {
    const { here, secret } = await ready();
    here.vault.setNow(today + 60 * 86_400_000);
    expect(scimError(await ask(here, secret, path)).detail).toContain('expired');
    here.vault.setNow(today);
    await here.vault.db.updateTable('token').set({ state: 'previous' }).execute();
    expect((await ask(here, secret, path)).status).toBe(503);
    expect(here.upstream.arrived).toEqual([]);
  });
});
