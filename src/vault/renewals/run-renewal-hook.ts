import { retryDelayMs } from '../../domain/delays.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { assertTrustedProgram } from '../../files/trusted-program.ts';
import { environmentForHook } from '../../process/environments.ts';
import { currentProcess, type LeaseOwner, leasedUntil } from '../../process/lease-owner.ts';
import { type HookResult, runHook } from '../../process/run-hook.ts';
import { type DueHook, dueHooks, leaseHook, recordHookEnd } from '../../store/profiles/activations.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { StoreContext } from '../context.ts';

/** One run of the renewal hook. */
export interface HookRun {
  profile: string;
  /** Why it failed, safe to display; null if it succeeded. */
  error: string | null;
  /** The lines that it printed, safe to display. */
  output: readonly string[];
  /** When it is tried again; null if it is not. Epoch milliseconds. */
  nextAt: number | null;
}

export interface HookRunOptions {
  /** Only the hook of this profile. Default: every hook that is due. */
  profileId?: string;
  /** The maximum number of hooks to run. Default: all. */
  limit?: number;
  leaseOwner?: LeaseOwner;
  onHook?: ((run: HookRun) => void) | undefined;
  signal?: AbortSignal;
  /** Runs the program; replaced in tests. */
  run?: typeof runHook;
}

/** How long the hook may run. Milliseconds. */
export const hookTimeoutMs = 10_000;

/** How long a lease lasts: the maximum run time of the hook, plus the time to record the result. Milliseconds. */
const leaseMs = hookTimeoutMs + 30_000;

/** The maximum pause between two attempts. Milliseconds. */
const longestPauseMs = 12 * 3_600_000;

/** After this many failures in a row, the hook is considered broken, and the other profiles wait for the next run. */
const maxFailuresInARow = 5;

/**
 * Runs the renewal hooks that are due, one after another. A failure is recorded, and the hook is due again later. Any number of
 * processes may call this at once: each hook runs in only one of them. Returns how many ran.
 */
export async function runDueHooks(context: StoreContext, options: HookRunOptions = {}): Promise<number> {
  const { db, settings, now } = context;
  const { profileId, limit = Number.POSITIVE_INFINITY, leaseOwner = currentProcess(), onHook } = options;
  const program = settings.renewalHook;
  if (program === null) return 0;
  let [runs, failures] = [0, 0];
  const seen = new Set<string>();
  while (runs < limit && failures < maxFailuresInARow && options.signal?.aborted !== true) {
    const due = await dueHooks(db, {
      now: now(),
      limit: seen.size + 1,
      ...(profileId !== undefined && { profileId }),
    });
    const next = due.find((each) => !seen.has(`${each.profileId} ${each.count}`));
    if (next === undefined) break;
    seen.add(`${next.profileId} ${next.count}`);
    const run = await runOne(context, program, next, leaseOwner, options.run ?? runHook);
    if (run === null) continue;
    runs += 1;
    failures = run.error === null ? 0 : failures + 1;
    onHook?.(run);
  }
  return runs;
}

/** Null if another process runs it. */
async function runOne(
  { db, now }: StoreContext,
  program: string,
  due: DueHook,
  owner: LeaseOwner,
  start: typeof runHook,
): Promise<HookRun | null> {
  const { hasExited } = owner;
  if (leasedUntil(due, { now: now(), hasExited, longestMs: leaseMs }) !== null) return null;
  if (!(await leaseHook(db, due, { owner: owner.id, until: now() + leaseMs }))) return null;
  const { error, output } = await runSafely(program, due.profile, start);
  const endedAt = now();
  const nextAt = error === null ? null : endedAt + retryDelayMs(due.attempts + 1, longestPauseMs);
  await recordHookEnd(
    db,
    due,
    owner.id,
    error === null || nextAt === null ? { now: endedAt, error: null } : { now: endedAt, error, nextAt },
  );
  return { profile: due.profile, error, output, nextAt };
}

/** Catches errors, because the program may have been changed since the settings were checked. */
async function runSafely(program: string, profile: string, start: typeof runHook): Promise<HookResult> {
  try {
    assertTrustedProgram(program);
  } catch (error) {
    const message = error instanceof BrokerError ? error.message : String(error);
    return { error: sanitizeForDisplay(`it was not started: ${message}`, 300), output: [] };
  }
  return await start(program, { environment: environmentForHook(profile), timeoutMs: hookTimeoutMs });
}
