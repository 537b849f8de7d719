import { describe, expect, it } from 'vitest';
import { saveDestination } from '../../src/store/destinations.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { deleteExpired, deleteExpiredTokens } from '../../src/vault/tokens/delete-expired.ts';
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
    expect(await deleteExpiredTokens(vault, vault.now())).toBe(0);
    expect(await left()).toEqual([earlier, current].sort());
    vault.setNow(today + year);
    expect(await deleteExpiredTokens(vault, vault.now())).toBe(1);
    expect(await left()).toEqual([current]);
    expect((await auditLog(vault)).at(-1)).toBe('remove-token expired acme');
    expect(await deleteExpiredTokens(vault, vault.now())).toBe(0);
  });

  it.each(['pending', 'needs-review'] as const)('deletes an expired token in the state %s', async (state) => {
    const { vault, earlier, current, left } = await twoTokens();
    await updateToken(vault.db, earlier, { state });
    vault.setNow(today + year);
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).toEqual([current]);
  });

  it.each(['confirmed', 'reported', 'documented'] as const)('uses the latest date: %s', async (latest) => {
    const { vault, earlier, left } = await twoTokens();
    const lifetimes = { confirmed: today, reported: today, documented: today, [latest]: today + 2 * year };
    await updateToken(vault.db, earlier, { lifetimes });
    vault.setNow(today + 2 * year - 1);
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).toContain(earlier);
    vault.setNow(today + 2 * year);
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).not.toContain(earlier);
  });

  it('deletes a token without any date a year after it was captured', async () => {
    const { vault, earlier, left } = await twoTokens();
    await updateToken(vault.db, earlier, {
      lifetimes: { confirmed: null, reported: null, documented: null },
    });
    vault.setNow(today + year - 1);
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).toContain(earlier);
    vault.setNow(today + year);
    await deleteExpiredTokens(vault, vault.now());
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
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).toContain(earlier);
    await saveDestination(vault.db, { ...place, method: 'push', steps: [], tokenId: current });
    await deleteExpiredTokens(vault, vault.now());
    expect(await left()).toEqual([current]);
  });
});

describe('deleteExpired', () => {
  const day = 86_400_000;

  it('deletes nothing while the clock is a year ahead for some days, or after it was corrected', async () => {
    const { vault, earlier, left } = await twoTokens();
    for (let days = 0; days < 10; days += 1) {
      vault.setNow(today + days * day);
      await deleteExpired(vault);
    }
    for (let days = 10; days < 16; days += 1) {
      vault.setNow(today + year + days * day);
      await deleteExpired(vault);
    }
    for (let days = 16; days < 30; days += 1) {
      vault.setNow(today + days * day);
      await deleteExpired(vault);
    }
    expect(await left()).toContain(earlier);
  });

  it('deletes a token after the program ran on seven days since it expired, however far apart', async () => {
    const { vault, current, left } = await twoTokens();
    for (let days = 1; days < 70; days += 10) {
      expect(await left()).toHaveLength(2);
      vault.setNow(today + year + days * day);
      await deleteExpired(vault);
      await deleteExpired(vault);
    }
    expect(await left()).toEqual([current]);
  });
});
