import { BrokerError } from '../../errors/broker-error.ts';
import type { ProfileFilter } from '../../store/profiles/filter.ts';
import { iterateProfiles } from '../../store/profiles/query.ts';
import { countByStatus } from '../../store/profiles/status-totals.ts';
import type { Actor, Vault } from '../context.ts';
import { type Check, testToken } from './test-token.ts';

/** The result for one of many profiles. */
export interface ProfileTestResult {
  profile: string;
  /** Null if the profile has no token to test. */
  ok: boolean | null;
  checks: Check[];
}

/** Webex limits requests by account, and each profile has a different one, but all requests come from one address. */
const concurrency = 4;

/** How many profiles match. */
export async function countTestable(vault: Vault, filter: ProfileFilter): Promise<number> {
  return (await countByStatus(vault.db, { ...filter, now: vault.now() })).all;
}

/** Tests the token of every matching profile, by name. Several tests run at the same time. */
export async function* testProfiles(
  vault: Vault,
  filter: ProfileFilter,
  actor: Actor,
): AsyncGenerator<ProfileTestResult> {
  for await (const page of iterateProfiles(vault.db, filter, vault.now())) {
    for (let at = 0; at < page.length; at += concurrency) {
      const some = page.slice(at, at + concurrency);
      yield* await Promise.all(some.map(({ profile }) => testOne(vault, profile.name, actor)));
    }
  }
}

async function testOne(vault: Vault, profile: string, actor: Actor): Promise<ProfileTestResult> {
  try {
    return { profile, ...(await testToken(vault, profile, actor)) };
  } catch (error) {
    // Someone removed it in the meantime, or it never had a token.
    const nothing = error instanceof BrokerError && ['E_NO_TOKEN', 'E_NO_PROFILE'].includes(error.code);
    if (nothing) return { profile, ok: null, checks: [] };
    throw error;
  }
}
