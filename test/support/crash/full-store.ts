import { sql } from 'kysely';
import { BrokerError } from '../../../src/errors/broker-error.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { actor } from '../vault/test-vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';

/** Prevents a SQLite store from growing, as on a full disk. Resolves with a function that makes room again. */
export async function fill(vault: Vault): Promise<{ makeRoom: () => Promise<void> }> {
  const growTo = async (pages: number) =>
    void (await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(vault.db));
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(vault.db);
  await growTo(rows[0]?.page_count ?? 0);
  // The last pages have room for a few more rows.
  for (let refused = 0, at = 0; refused < 5; at += 1) {
    await importToken(vault, { profile: `filler-${at}` }, usualToken(), actor).catch((error: unknown) => {
      if (!(error instanceof BrokerError) || error.code !== 'E_STORE_FULL') throw error;
      refused += 1;
    });
  }
  return { makeRoom: () => growTo(1_000_000) };
}
