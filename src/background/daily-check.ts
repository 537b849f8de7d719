import { outcomeCode } from '../domain/assess-token.ts';
import { retryDelayMs, withJitter } from '../domain/delays.ts';
import { dayMs } from '../domain/lifetimes.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { nextTurn } from '../next-turn.ts';
import { appendAudit } from '../store/audit/audit.ts';
import { incrementCounter } from '../store/meta/counters.ts';
import { farFuture } from '../store/profiles/derived-columns.ts';
import { profileById } from '../store/profiles/profiles.ts';
import {
  type DueCheck,
  dueChecks,
  leaseCheck,
  planChecks,
  recordCheck,
} from '../store/profiles/token-checks.ts';
import { tokenById } from '../store/profiles/tokens.ts';
import type { Vault } from '../vault/context.ts';
import {
  decryptForWebex,
  queryWebex,
  recordVerdict,
  type WebexVerdict,
} from '../vault/tokens/webex-verification.ts';

/** The result of one check. */
export interface CheckResult {
  profile: string;
  /** `ok`, `rejected`, or the reason why Webex gave no usable response. */
  outcome: string;
  /** The change of state: the token is newly rejected, or accepted again. */
  change: 'rejected' | 'accepted-again' | null;
  /** How long to send Webex no requests after it answered 429; otherwise 0. Milliseconds. */
  retryAfterMs: number;
}

/** How long a check may take before another process takes it over. Milliseconds. */
const leaseMs = 10 * 60_000;

/** A token that Webex accepted this recently, for whatever reason, needs no check. Milliseconds. */
const recentlyMs = 20 * 3_600_000;

/**
 * Checks the current token whose daily check is longest due: asks Webex whether it still accepts the token, who owns it and
 * when it expires. Null if none is due. `random` returns numbers from 0 to 1, which spread the checks over the day.
 */
export async function checkNextToken(vault: Vault, random: () => number): Promise<CheckResult | null> {
  for (;;) {
    const now = vault.now();
    const due = await dueChecks(vault.db, now, batchSize);
    const plans = due.map((each) => ({ due: each, at: deferUntil(each, now, random) }));
    const wanted = plans.findIndex(({ at }) => at === null);
    const passed = wanted === -1 ? plans : plans.slice(0, wanted);
    await planChecks(
      vault.db,
      passed.map(({ due, at }) => ({ due, at: at ?? farFuture })),
    );
    const first = due[wanted];
    if (first !== undefined && (await leaseCheck(vault.db, first, now + leaseMs))) {
      const checked = await check(vault, first, random);
      if (checked !== null) return checked;
    }
    if (due.length === 0) return null;
    await nextTurn();
  }
}

/** Tokens that are processed in one turn of the event loop. */
const batchSize = 50;

/** Until when a token that is due needs no check; null if it does. Epoch milliseconds. */
function deferUntil(due: DueCheck, now: number, random: () => number): number | null {
  const { verifiedAt, rejectedAt, confirmed, reported } = due;
  if (!mayStillBeValid(due, now)) return farFuture;
  const isRecent = verifiedAt !== null && verifiedAt <= now && now - verifiedAt < recentlyMs;
  // If an unconfirmed expiry has passed since then, Webex is asked at once.
  const isExpirySettled = confirmed !== null || (reported ?? farFuture) > now;
  return isRecent && rejectedAt === null && isExpirySettled ? verifiedAt + withJitter(dayMs, random) : null;
}

/** Whether Webex may still accept the token: until it expires, or if no expiry is confirmed, until the latest known one. */
function mayStillBeValid({ expiresAt, confirmed, documented }: DueCheck, now: number): boolean {
  return expiresAt > now || (confirmed === null && documented !== null && documented > now);
}

async function check(vault: Vault, due: DueCheck, random: () => number): Promise<CheckResult | null> {
  try {
    return await checkAuthentic(vault, due, random);
  } catch (error) {
    if (!(error instanceof BrokerError && error.code === 'E_INTEGRITY')) throw error;
    return await recordTampered(vault, due);
  }
}

/** A row that was modified outside the program is not used; the other checks of the day continue. */
async function recordTampered(vault: Vault, { tokenId, failures }: DueCheck): Promise<CheckResult | null> {
  const row = await vault.db
    .selectFrom('token')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .select('profile.name')
    .where('token.id', '=', tokenId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const [now, outcome] = [vault.now(), 'unreadable'];
  await vault.db.transaction().execute(async (trx) => {
    await recordCheck(trx, tokenId, { now, nextAt: now + dayMs, failures: failures + 1, outcome });
    await incrementCounter(trx, 'checks', outcome);
    await appendAudit(trx, now, { action: 'check', outcome, profile: row.name });
  });
  return { profile: row.name, outcome, change: null, retryAfterMs: 0 };
}

async function checkAuthentic(
  vault: Vault,
  due: DueCheck,
  random: () => number,
): Promise<CheckResult | null> {
  const token = await tokenById(vault.db, due.tokenId);
  // It was removed in the meantime.
  if (token === null) return null;
  const profile = await profileById(vault.db, token.profileId);
  let answer: WebexVerdict | null = null;
  try {
    answer = await queryWebex(vault, profile, await decryptForWebex(vault, token));
  } catch {
    // The token cannot be decrypted, or must not be sent: the other checks of the day continue.
  }
  const outcome = answer === null ? 'unreadable' : outcomeCode(answer.person, profile);
  const unanswered = answer === null || answer.person.outcome === 'unknown';
  const failures = unanswered ? due.failures + 1 : 0;
  const retryAfterMs = retryAfter(answer);
  const change = await vault.db.transaction().execute(async (trx) => {
    const now = vault.now();
    const pauseMs = unanswered
      ? Math.max(retryAfterMs, withJitter(retryDelayMs(failures, dayMs), random))
      : withJitter(dayMs, random);
    const changed = answer === null ? null : await recordVerdict(trx, token.id, answer, now);
    await recordCheck(trx, token.id, { now, nextAt: Math.ceil(now + pauseMs), failures, outcome });
    await incrementCounter(trx, 'checks', outcome);
    await appendAudit(trx, now, { action: 'check', outcome, profile: profile.name });
    return changed;
  });
  return { profile: profile.name, outcome, change, retryAfterMs };
}

/** The pause that Webex requested with a 429, by default a minute (as in its SDK); 0 after other responses. Milliseconds. */
function retryAfter(answer: WebexVerdict | null): number {
  if (answer?.person.outcome !== 'unknown' || answer.person.reason !== 'rate-limited') return 0;
  return (answer.person.retryAfterSeconds ?? 60) * 1000;
}
