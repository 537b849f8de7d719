import { sql } from 'kysely';
import { BrokerError } from '../../../src/errors/broker-error.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { actor } from '../vault/test-vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';

/** Lets a SQLite store grow no more, as on a full disk. Resolves with what makes room again. */
export async function fill(vault: Vault): Promise<{ makeRoom: () => Promise<void> }> {
  const growTo = async (pages: number) =>
    void (await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(vault.db));
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(vault.db);
  await growTo(rows[0]?.page_count ?? 0);
  // The last pages take a few rows more.
  for (let refused = 0, at = 0; refused < 5; at += 1) {
    await importToken(vault, { profile: `filler-${at}` }, usualToken(), actor).catch((error: unknown) => {
      if (!(error instanceof BrokerError) || error.code !== 'E_STORE_FULL') throw error;
      refused += 1;
    });
  }
  return { makeRoom: () => growTo(1_000_000) };
}
