import { describe, expect, it } from 'vitest';
import { assertAgeIsKnown } from '../../src/vault/prune-audit.ts';
import { deleteExpired } from '../../src/vault/tokens/delete-expired.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { newVault, today } from '../support/vault/test-vault.ts';

const day = 86_400_000;

describe('assertAgeIsKnown', () => {
  it('fails while the clock is a year ahead, until it is corrected', async () => {
    const vault = await newVault();
    await assertAgeIsKnown(vault);
    for (let days = 0; days < 3; days += 1) {
      vault.setNow(today + days * day);
      await deleteExpired(vault);
    }
    for (let days = 368; days < 371; days += 1) {
      vault.setNow(today + days * day);
      const { code, message, help } = await brokerErrorOf(() => assertAgeIsKnown(vault));
      expect(code).toBe('E_USAGE');
      expect(message).toMatch(
        /^The system clock shows 2028-03-0\d, but this program ran on 2027-03-03, and then not/,
      );
      expect(help).toContain('log --prune 2027-03-03');
      await deleteExpired(vault);
    }
    vault.setNow(today + 4 * day);
    await assertAgeIsKnown(vault);
  });

  it('passes after seven days with such a clock, because it is right', async () => {
    const vault = await newVault();
    await deleteExpired(vault);
    for (let days = 368; days < 375; days += 1) {
      vault.setNow(today + days * day);
      await deleteExpired(vault);
    }
    await assertAgeIsKnown(vault);
  });
});
