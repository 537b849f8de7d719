import { describe, expect, it } from 'vitest';
import { saveDestination } from '../../src/store/destinations.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { deleteExpiredTokens } from '../../src/vault/tokens/delete-expired.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, allTokens, auditLog, justCaptured, newVault, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const year = 365 * 86_400_000;

/** An earlier token and the current one after it, both captured today with the documented lifetime of a year. */
async function twoTokens() {
  const vault = await newVault();
  const store = async (filler: string, text = justCaptured(usualToken({ filler }))) => {
    const id = await importToken(vault, { profile: 'acme' }, text, actor);
    await verifyToken(vault, id, actor);
    return id;
  };
  const earlier = await store('A');
  const current = await store('B');
  const left = async () => (await allTokens(vault, 'acme')).map(({ id }) => id).sort();
  return { vault, earlier, current, left };
}

describe('deleteExpiredTokens', () => {
  it('deletes a previous token when it expires, and keeps the current one', async () => {
    const { vault, earlier, current, left } = await twoTokens();
    vault.setNow(today + year - 1);
    expect(await deleteExpiredTokens(vault)).toBe(0);
    expect(await left()).toEqual([earlier, current].sort());
    vault.setNow(today + year);
    expect(await deleteExpiredTokens(vault)).toBe(1);
    expect(await left()).toEqual([current]);
    expect((await auditLog(vault)).at(-1)).toBe('remove-token expired acme');
    expect(await deleteExpiredTokens(vault)).toBe(0);
  });

  it.each(['pending', 'needs-review'] as const)('deletes an expired token in the state %s', async (state) => {
    const { vault, earlier, current, left } = await twoTokens();
    await updateToken(vault.db, earlier, { state });
    vault.setNow(today + year);
    await deleteExpiredTokens(vault);
    expect(await left()).toEqual([current]);
  });

  it.each(['confirmed', 'reported', 'documented'] as const)('uses the latest date: %s', async (latest) => {
    const { vault, earlier, left } = await twoTokens();
    const lifetimes = { confirmed: today, reported: today, documented: today, [latest]: today + 2 * year };
    await updateToken(vault.db, earlier, { lifetimes });
    vault.setNow(today + 2 * year - 1);
    await deleteExpiredTokens(vault);
    expect(await left()).toContain(earlier);
    vault.setNow(today + 2 * year);
    await deleteExpiredTokens(vault);
    expect(await left()).not.toContain(earlier);
  });

  it('deletes a token without any date a year after it was captured', async () => {
    const { vault, earlier, left } = await twoTokens();
    await updateToken(vault.db, earlier, {
      lifetimes: { confirmed: null, reported: null, documented: null },
    });
    vault.setNow(today + year - 1);
    await deleteExpiredTokens(vault);
    expect(await left()).toContain(earlier);
    vault.setNow(today + year);
    await deleteExpiredTokens(vault);
    expect(await left()).not.toContain(earlier);
  });

  it('keeps a token that a destination uses until the destination is up to date', async () => {
    const { vault, earlier, current, left } = await twoTokens();
    const [token] = await allTokens(vault, 'acme');
    const place = {
      profileId: token?.profileId ?? '',
      provider: 'entra' as const,
      appId: 'app',
      appName: 'Cisco Webex',
    };
    await saveDestination(vault.db, { ...place, method: 'push', steps: [], tokenId: earlier });
    vault.setNow(today + year);
    await deleteExpiredTokens(vault);
    expect(await left()).toContain(earlier);
    await saveDestination(vault.db, { ...place, method: 'push', steps: [], tokenId: current });
    await deleteExpiredTokens(vault);
    expect(await left()).toEqual([current]);
  });
});
