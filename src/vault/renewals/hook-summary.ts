import { hookStatus } from '../../store/profiles/activations.ts';
import { instant } from '../../text/instant.ts';
import type { StoreContext } from '../context.ts';

/** The state of a profile's renewal hook, for people and for JSON. Times are RFC 3339 in UTC. */
export interface HookSummary {
  /** `pending`: the hook has not run yet, or has to run again. */
  state: 'pending' | 'succeeded' | 'failed';
  /** How often the hook was started since the profile got its current token. */
  attempts: number;
  lastRunAt: string | null;
  nextAttemptAt: string | null;
  lastError: string | null;
  failingSince: string | null;
}

/** Null if no hook is set up, or if the profile got its token before the hook was set up. */
export async function hookSummary(
  { db, settings }: Pick<StoreContext, 'db' | 'settings'>,
  profileId: string,
): Promise<HookSummary | null> {
  const status = settings.renewalHook === null ? null : await hookStatus(db, profileId);
  if (status === null) return null;
  return {
    state: status.state,
    attempts: status.attempts,
    lastRunAt: instant(status.endedAt),
    nextAttemptAt: instant(status.nextAt),
    lastError: status.error,
    failingSince: instant(status.failingSince),
  };
}
