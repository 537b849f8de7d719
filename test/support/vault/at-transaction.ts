import { vi } from 'vitest';
import type { TestVault } from './test-vault.ts';

/** Something happens just before the N-th transaction of this vault from now on. */
export function atTransaction(vault: TestVault, number: number, happens: () => Promise<unknown>): TestVault {
  const transaction = vault.db.transaction.bind(vault.db);
  let count = 0;
  vi.spyOn(vault.db, 'transaction').mockImplementation(() => {
    const builder = transaction();
    const execute = builder.execute.bind(builder);
    builder.execute = async (use) => {
      count += 1;
      if (count === number) await happens();
      return await execute(use);
    };
    return builder;
  });
  return vault;
}
