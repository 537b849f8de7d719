import { describe, expect, it } from 'vitest';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { activateStoredToken, removeToken } from '../../src/vault/tokens/stored-tokens.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { simulated } from '../support/test-simulator.ts';
import {
  actor,
  allTokens,
  auditLog,
  fragment,
  newVault,
  type TestVault,
  today,
} from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const year = 365 * 86_400_000;

async function twoTokens() {
  const webex = await simulated({ now: () => today });
  const vault = await newVault(webex);
  const store = async (account = 'full-admin') => {
    const { accessToken } = webex.issueToken(account);
    const text = fragment({ access_token: accessToken });
    const id = await importToken(vault, { profile: 'acme' }, text, actor);
    await verifyToken(vault, id, actor);
    return { id, accessToken };
  };
  const first = await store();
  vault.setNow(today + 1000);
  return { webex, vault, store, first, second: await store() };
}

const inUse = async (vault: TestVault) => (await readToken(vault, 'acme', actor, true)).accessToken;

describe('activateToken', () => {
  it('makes a previous token current, and the current one a previous one', async () => {
    const { vault, first, second } = await twoTokens();
    expect(await inUse(vault)).toBe(second.accessToken);
    await activateStoredToken(vault, 'acme', first.id, actor);
    expect(await inUse(vault)).toBe(first.accessToken);
    expect(await allTokens(vault, 'acme')).toMatchObject([
      { id: second.id, state: 'previous' },
      { id: first.id, state: 'current' },
    ]);
    expect(await auditLog(vault)).toContain('activate ok acme');
  });

  it('leaves the current token unchanged', async () => {
    const { vault, second } = await twoTokens();
    await activateStoredToken(vault, 'acme', second.id, actor);
    expect(await inUse(vault)).toBe(second.accessToken);
    expect(await auditLog(vault)).not.toContain('activate ok acme');
  });

  it('works while Webex cannot be asked', async () => {
    const { webex, vault, first } = await twoTokens();
    webex.faults.add({ path: '/v1/people/me', effect: 503 });
    await activateStoredToken(vault, 'acme', first.id, actor);
    expect(await inUse(vault)).toBe(first.accessToken);
  });

  it('accepts a token that needs review', async () => {
    const { vault, store } = await twoTokens();
    const lesser = await store('ordinary');
    await activateStoredToken(vault, 'acme', lesser.id, actor);
    expect(await inUse(vault)).toBe(lesser.accessToken);
  });

  it('refuses a token that Webex rejects, and stores the rejection', async () => {
    const { webex, vault, first, second } = await twoTokens();
    webex.revoke('full-admin');
    const error = await brokerErrorOf(() => activateStoredToken(vault, 'acme', first.id, actor));
    expect(error).toMatchObject({ code: 'E_REJECTED' });
    expect(await inUse(vault)).toBe(second.accessToken);
    expect(await allTokens(vault, 'acme')).toContainEqual(
      expect.objectContaining({ id: first.id, state: 'previous', rejectedAt: today + 1000 }),
    );
    expect(await auditLog(vault)).toContain('activate rejected acme');
  });

  it('refuses an expired token', async () => {
    const { webex, vault, first, second } = await twoTokens();
    webex.faults.add({ path: '/v1/people/me', effect: 503 });
    vault.setNow(today + year);
    const error = await brokerErrorOf(() => activateStoredToken(vault, 'acme', first.id, actor));
    expect(error).toMatchObject({ code: 'E_EXPIRED' });
    expect(await inUse(vault)).toBe(second.accessToken);
    expect(await auditLog(vault)).toContain('activate expired acme');
  });

  it('refuses a token of the other deployment without sending it to Webex', async () => {
    const { webex, vault, second } = await twoTokens();
    const text = usualToken({ cluster: 'FC82' });
    const id = await importToken(vault, { profile: 'acme' }, text, actor);
    await updateToken(vault.db, id, { state: 'previous' });
    webex.requests.length = 0;
    const error = await brokerErrorOf(() => activateStoredToken(vault, 'acme', id, actor));
    expect(error).toMatchObject({ code: 'E_OTHER_DEPLOYMENT' });
    expect(webex.requests).toEqual([]);
    expect(await inUse(vault)).toBe(second.accessToken);
  });

  it('reports unknown profiles and tokens, and tokens of another profile', async () => {
    const { vault, first } = await twoTokens();
    await importToken(vault, { profile: 'globex' }, usualToken({ cluster: 'ZZ99' }), actor);
    for (const [name, id, code] of [
      ['nobody', first.id, 'E_NO_PROFILE'],
      ['acme', 'nothing', 'E_NO_TOKEN'],
      ['globex', first.id, 'E_NO_TOKEN'],
    ] as const) {
      expect(await brokerErrorOf(() => activateStoredToken(vault, name, id, actor))).toMatchObject({ code });
      expect(await brokerErrorOf(() => removeToken(vault, name, id, actor))).toMatchObject({ code });
    }
  });
});

describe('removeToken', () => {
  it('deletes a previous or the current token', async () => {
    const { vault, first, second } = await twoTokens();
    await removeToken(vault, 'acme', first.id, actor);
    expect(await allTokens(vault, 'acme')).toMatchObject([{ id: second.id, state: 'current' }]);
    await removeToken(vault, 'acme', second.id, actor);
    expect(await allTokens(vault, 'acme')).toEqual([]);
    expect(await brokerErrorOf(() => readToken(vault, 'acme', actor))).toMatchObject({ code: 'E_NO_TOKEN' });
    expect((await auditLog(vault)).filter((line) => line.startsWith('remove-token'))).toEqual([
      'remove-token ok acme',
      'remove-token ok acme',
    ]);
  });
});
