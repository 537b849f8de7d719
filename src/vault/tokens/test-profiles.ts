import { BrokerError } from '../../errors/broker-error.ts';
import { countByStatus, iterateProfiles, type ProfileFilter } from '../../store/profiles/query.ts';
import type { Actor, Vault } from '../context.ts';
import { type Check, testToken } from './test-token.ts';

/** What was found of one of many profiles. */
export interface ProfileTestResult {
  profile: string;
  /** Null: it holds no token, so there was nothing to ask. */
  ok: boolean | null;
  checks: Check[];
}

/** Webex limits requests by account: each profile has another, but all come from one address. */
const atOnce = 4;

/** How many profiles there are to ask about. */
export async function countTestable(vault: Vault, filter: ProfileFilter): Promise<number> {
  return (await countByStatus(vault.db, { ...filter, now: vault.now() })).all;
}

/** Asks Webex about the token of every profile that is meant, by name, some at once. */
export async function* testProfiles(
  vault: Vault,
  filter: ProfileFilter,
  actor: Actor,
): AsyncGenerator<ProfileTestResult> {
  for await (const page of iterateProfiles(vault.db, filter, vault.now())) {
    for (let at = 0; at < page.length; at += atOnce) {
      const some = page.slice(at, at + atOnce);
      yield* await Promise.all(some.map(({ profile }) => proveOne(vault, profile.name, actor)));
    }
  }
}

async function proveOne(vault: Vault, profile: string, actor: Actor): Promise<ProfileTestResult> {
  try {
    return { profile, ...(await testToken(vault, profile, actor)) };
  } catch (error) {
    // Removed since the page was read, or never had one.
    const nothing = error instanceof BrokerError && ['E_NO_TOKEN', 'E_NO_PROFILE'].includes(error.code);
    if (nothing) return { profile, ok: null, checks: [] };
    throw error;
  }
}
