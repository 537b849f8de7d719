import { expect } from 'vitest';
import { verifyAudit } from '../../../src/store/audit/audit.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { closeVault } from '../../../src/vault/vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';

/** The confirmed data: the letters that each profile's tokens are filled with. */
export type Expected = Map<string, Set<string>>;

export interface Found {
  found: Expected;
  current: Map<string, string>;
  /** Sign-ins whose state was used up. */
  consumed: number;
}

/** Opens the store, decrypts everything in it, and closes it. */
export async function readStore(vault: Vault): Promise<Found> {
  try {
    expect((await verifyAudit(vault.db)).broken).toBeNull();
    const rows = await vault.db
      .selectFrom('token')
      .innerJoin('profile', 'profile.id', 'token.profile_id')
      .select(['token.id', 'profile_id', 'ciphertext', 'name', 'state'])
      .execute();
    const found: Expected = new Map();
    const current = new Map<string, string>();
    for (const { id, profile_id, ciphertext, name, state } of rows) {
      const value = await vault.keys.open(ciphertext, { tokenId: id, profileId: profile_id });
      // Complete or absent: a part of a token would not have this format.
      const letter = value[0] ?? '';
      const cluster = value.split('_')[1] ?? '';
      expect(['PF84', 'FC82']).toContain(cluster);
      expect(value).toBe(usualToken({ filler: letter, cluster, orgId: value.slice(-36) }));
      found.set(name, (found.get(name) ?? new Set()).add(letter));
      if (state === 'current') current.set(name, letter);
    }
    const consumed = await vault.db
      .selectFrom('sign_in')
      .select('id')
      .where('consumed_at', 'is not', null)
      .execute();
    return { found, current, consumed: consumed.length };
  } finally {
    await closeVault(vault);
  }
}

export function expectStored(found: Expected, expected: Expected): void {
  for (const [profile, letters] of expected) {
    for (const letter of letters) expect([...(found.get(profile) ?? [])]).toContain(letter);
  }
}
