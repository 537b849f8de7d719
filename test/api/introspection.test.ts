import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { removeClient } from '../../src/vault/clients/clients.ts';
import { clientOf, orgIds, post, profileWithToken, served } from '../support/api-server.ts';
import { actor, auditLog, markRejected, today } from '../support/vault/test-vault.ts';

async function ready() {
  const api = await served();
  const { vault } = api;
  const acme = await profileWithToken(vault, 'acme');
  // In the form of Webex's own tokens, which names its organization.
  const globex = await profileWithToken(vault, 'globex', {
    token: `${'A'.repeat(64)}_PF84_${orgIds.globex}`,
    orgId: orgIds.globex,
  });
  const secret = await clientOf(vault, 'ci', ['acme']);
  const both = await clientOf(vault, 'both', ['acme', 'globex']);
  const ask = (token: string, basic = `ci:${secret}`) =>
    post(`${api.origin}/oauth/introspect`, { token }, basic);
  return { ...api, acme, globex, ask, secret, both };
}

describe('token introspection', () => {
  it('describes a token that the client may fetch', async () => {
    const { ask, acme, globex, origin, both, vault } = await ready();
    expect((await ask(acme)).json).toEqual({
      active: true,
      scope: 'spark:people_read spark:people_write Identity:SCIM',
      client_id: 'ci',
      token_type: 'Bearer',
      exp: Math.floor(today / 1000) + 3_887_999,
      aud: `https://api.ciscospark.com/v1/scim/${orgIds.acme}`,
      iss: origin,
    });
    expect((await ask(acme, `both:${both}`)).json).toMatchObject({ active: true });
    expect((await ask(globex, `both:${both}`)).json).toMatchObject({ active: true });
    expect(await auditLog(vault)).toContain('introspect ok globex');
  });

  it('reveals nothing about any other token', async () => {
    const { ask, globex } = await ready();
    for (const token of [globex, 'fake-token-of-nobody', `${'A'.repeat(64)}_PF84_${orgIds.acme}`, 'x']) {
      expect(await ask(token)).toMatchObject({ status: 200, json: { active: false } });
      expect(Object.keys((await ask(token)).json)).toEqual(['active']);
    }
  });

  it('reports a replaced token as active until it expires or Webex rejects it', async () => {
    const { ask, acme, vault, origin, secret } = await ready();
    vault.setNow(today + dayMs);
    const renewed = await profileWithToken(vault, 'acme', { token: 'fake-token-for-acme-2' });
    expect((await ask(acme)).json).toMatchObject({ active: true, exp: Math.floor(today / 1000) + 3_887_999 });
    expect((await ask(renewed)).json).toMatchObject({
      active: true,
      exp: Math.floor(today / 1000) + 3_974_399,
    });
    const response = await post(
      `${origin}/oauth/token`,
      { grant_type: 'client_credentials' },
      `ci:${secret}`,
    );
    expect(response.json.access_token).toBe(renewed);
    await markRejected(vault, today);
    expect((await ask(acme)).json).toEqual({ active: false });
    await markRejected(vault, null);
    vault.setNow(today + 45 * dayMs);
    expect((await ask(acme)).json).toEqual({ active: false });
    expect((await ask(renewed)).json).toMatchObject({ active: true });
  });

  it.each(['needs-review', 'pending'] as const)(
    'reports a token in the state %s as not active',
    async (state) => {
      const { ask, acme, vault } = await ready();
      await vault.db.updateTable('token').set({ state }).execute();
      expect((await ask(acme)).json).toEqual({ active: false });
    },
  );

  it('reports expired and rejected tokens as not active', async () => {
    const { ask, acme, vault } = await ready();
    await markRejected(vault, today);
    expect((await ask(acme)).json).toEqual({ active: false });
    await markRejected(vault, null);
    vault.setNow(today + 50 * dayMs);
    expect((await ask(acme)).json).toEqual({ active: false });
  });

  it('refuses a client without credentials and a removed client', async () => {
    const { ask, acme, vault, origin } = await ready();
    expect((await ask(acme, 'ci:wrong')).status).toBe(401);
    expect((await post(`${origin}/oauth/introspect`, { token: acme })).status).toBe(401);
    expect((await ask('')).json).toMatchObject({ error: 'invalid_request' });
    await removeClient(vault, 'ci', actor);
    expect((await ask(acme)).status).toBe(401);
  });

  it('reports a token that is stored twice as active until the later expiry', async () => {
    const { ask, acme, vault } = await ready();
    vault.setNow(today + dayMs);
    await profileWithToken(vault, 'acme', { token: acme });
    vault.setNow(today + 45 * dayMs);
    expect((await ask(acme)).json).toMatchObject({ active: true });
  });
});
