import { type Selectable, sql } from 'kysely';
import { clockToleranceMs } from '../../domain/lifetimes.ts';
import type { ActivationTable } from '../database/schema.ts';
import type { Db } from '../db.ts';

/** The renewal hook of a profile. Instants are epoch milliseconds. */
export interface HookStatus {
  state: 'pending' | 'succeeded' | 'failed';
  /** How often it was started since the profile got its current token. */
  attempts: number;
  /** When it is tried again; null after it succeeded. */
  nextAt: number | null;
  /** When it last ended; null before the first time. */
  endedAt: number | null;
  /** Why it failed the last time, as text for a person. */
  error: string | null;
  /** Since when it has failed every time. */
  failingSince: number | null;
}

/** A profile that got a new current token. */
export interface NewActivation {
  profileId: string;
  tokenId: string;
  /** Epoch milliseconds. */
  now: number;
  /** Whether the renewal hook has to run. */
  hook: boolean;
}

/**
 * Records that profiles have a new current token, in the caller's transaction. A running hook is not interrupted: it runs once
 * more afterwards, regardless of the number of new tokens. A failing hook keeps the time of its first failure.
 */
export async function recordActivations(trx: Db, activations: readonly NewActivation[]): Promise<void> {
  if (activations.length === 0) return;
  const rows = activations.map(({ profileId, tokenId, now, hook }) => ({
    profile_id: profileId,
    token_id: tokenId,
    activated_at: now,
    count: 1,
    hook_state: hook ? ('pending' as const) : ('none' as const),
    hook_attempts: 0,
    hook_next_at: hook ? now : null,
  }));
  await trx
    .insertInto('activation')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('profile_id').doUpdateSet(({ ref }) => ({
        token_id: ref('excluded.token_id'),
        activated_at: ref('excluded.activated_at'),
        count: sql<number>`activation.count + 1`,
        hook_state: ref('excluded.hook_state'),
        hook_attempts: 0,
        hook_next_at: ref('excluded.hook_next_at'),
        // Without a hook, no hook can fail.
        hook_failing_since: sql<
          number | null
        >`case when excluded.hook_state = 'none' then null else activation.hook_failing_since end`,
      })),
    )
    .execute();
}

/** The renewal hook of a profile; null if none had to run. */
export async function hookStatus(db: Db, profileId: string): Promise<HookStatus | null> {
  const row = await db
    .selectFrom('activation')
    .selectAll()
    .where('profile_id', '=', profileId)
    .executeTakeFirst();
  return row === undefined || row.hook_state === 'none' ? null : statusOf(row, row.hook_state);
}

function statusOf(row: Selectable<ActivationTable>, state: HookStatus['state']): HookStatus {
  return {
    state,
    attempts: row.hook_attempts,
    nextAt: row.hook_next_at,
    endedAt: row.hook_ended_at,
    error: row.hook_error,
    failingSince: row.hook_failing_since,
  };
}

/** A hook that is due, and who runs it now, if anyone. */
export interface DueHook {
  profileId: string;
  profile: string;
  /** How many times the profile got a new current token. It shows whether there was another one meanwhile. */
  count: number;
  attempts: number;
  leaseOwner: string | null;
  leaseExpiresAt: number | null;
}

/** The hooks that are due, most overdue first: of one profile, or of all. */
export async function dueHooks(
  db: Db,
  { now, limit, profileId }: { now: number; limit: number; profileId?: string },
): Promise<DueHook[]> {
  const rows = await db
    .selectFrom('activation')
    .innerJoin('profile', 'profile.id', 'activation.profile_id')
    .select([
      'activation.profile_id',
      'profile.name',
      'activation.count',
      'activation.hook_attempts',
      'activation.lease_owner',
      'activation.lease_expires_at',
    ])
    .where('activation.hook_next_at', '<=', now)
    .$if(profileId !== undefined, (select) => select.where('activation.profile_id', '=', profileId ?? ''))
    .orderBy('activation.hook_next_at')
    .orderBy('activation.profile_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    profileId: row.profile_id,
    profile: row.name,
    count: row.count,
    attempts: row.hook_attempts,
    leaseOwner: row.lease_owner,
    leaseExpiresAt: row.lease_expires_at,
  }));
}

/** Makes every hook due that is more than a day away: it was scheduled while the clock was wrong. */
export async function rescheduleHooks(db: Db, now: number): Promise<void> {
  await db
    .updateTable('activation')
    .set({ hook_next_at: now })
    .where('hook_next_at', '>', now + clockToleranceMs)
    .execute();
}

/** When the next hook is due; null if none is. Epoch milliseconds. */
export async function nextHookAt(db: Db): Promise<number | null> {
  const row = await db
    .selectFrom('activation')
    .select('hook_next_at')
    .where('hook_next_at', 'is not', null)
    .orderBy('hook_next_at')
    .limit(1)
    .executeTakeFirst();
  return row?.hook_next_at ?? null;
}

/** Leases a hook before it is started, and counts the attempt. False if another process was faster. */
export async function leaseHook(
  db: Db,
  due: DueHook,
  { owner, until }: { owner: string; until: number },
): Promise<boolean> {
  const row = await db
    .updateTable('activation')
    .set({ lease_owner: owner, lease_expires_at: until, hook_attempts: due.attempts + 1 })
    .where('profile_id', '=', due.profileId)
    .where('count', '=', due.count)
    .where('hook_attempts', '=', due.attempts)
    .where('hook_state', 'in', ['pending', 'failed'])
    .where('lease_owner', 'is not distinct from', due.leaseOwner)
    .returning('profile_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How a hook ended. Instants are epoch milliseconds. */
export type HookEnd = { now: number } & ({ error: null } | { error: string; nextAt: number });

/**
 * Records how a leased hook ended. False if it has to run again, because the profile got another token meanwhile.
 */
export async function recordHookEnd(
  db: Db,
  { profileId, count }: Pick<DueHook, 'profileId' | 'count'>,
  owner: string,
  end: HookEnd,
): Promise<boolean> {
  const free = { lease_owner: null, lease_expires_at: null, hook_ended_at: end.now };
  const outcome =
    end.error === null
      ? {
          hook_error: null,
          hook_failing_since: null,
          hook_failing_token_id: null,
        }
      : {
          hook_error: end.error,
          hook_failing_since: sql<number>`coalesce(hook_failing_since, ${end.now})`,
          hook_failing_token_id: sql<string>`coalesce(hook_failing_token_id, token_id)`,
        };
  const mine = db
    .updateTable('activation')
    .where('profile_id', '=', profileId)
    .where('lease_owner', '=', owner);
  const row = await mine
    .where('count', '=', count)
    .set({
      ...free,
      ...outcome,
      hook_state: end.error === null ? 'succeeded' : 'failed',
      hook_next_at: end.error === null ? null : end.nextAt,
    })
    .returning('profile_id')
    .executeTakeFirst();
  if (row !== undefined) return true;
  const again = await mine
    .set({ ...free, ...outcome })
    .returning('profile_id')
    .executeTakeFirst();
  // Without the row, the profile was removed or another process took over.
  return again === undefined;
}

/** A hook that fails, with the token that was current when it started to fail. */
export interface FailingHook {
  profileId: string;
  profile: string;
  tokenId: string;
  status: HookStatus;
}

/** The hooks that have failed every time since an instant, oldest first. */
export async function failingHooks(db: Db, limit = 1_000): Promise<FailingHook[]> {
  const rows = await db
    .selectFrom('activation')
    .innerJoin('profile', 'profile.id', 'activation.profile_id')
    .innerJoin('token', 'token.id', 'activation.hook_failing_token_id')
    .selectAll('activation')
    .select(['profile.name', 'token.id as failing_token_id'])
    .where('activation.hook_failing_since', 'is not', null)
    .where('activation.hook_state', 'in', ['pending', 'failed'])
    .orderBy('activation.hook_failing_since')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    profileId: row.profile_id,
    profile: row.name,
    tokenId: row.failing_token_id,
    status: statusOf(row, row.hook_state === 'failed' ? 'failed' : 'pending'),
  }));
}

/** A renewal whose event was not sent on a channel yet. Epoch milliseconds. */
export interface UnsentActivation {
  profileId: string;
  tokenId: string;
  activatedAt: number;
}

/**
 * The profiles whose token was renewed since an instant and whose event was not sent on the channel yet. A profile's first
 * token is not a renewal.
 */
export async function unsentActivations(
  db: Db,
  { since, channel, trigger, limit }: { since: number; channel: string; trigger: string; limit: number },
): Promise<UnsentActivation[]> {
  const rows = await db
    .selectFrom('activation')
    .innerJoin('token', 'token.id', 'activation.token_id')
    .select(['activation.profile_id', 'activation.token_id', 'activation.activated_at'])
    .where('activation.activated_at', '>', since)
    .where('token.state', '=', sql.lit('current' as const))
    .where('activation.count', '>', 1)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('reminder')
            .select('reminder.token_id')
            .whereRef('reminder.token_id', '=', 'activation.token_id')
            .whereRef('reminder.event_at', '=', 'activation.activated_at')
            .where('reminder.trigger', '=', trigger)
            .where('reminder.channel', '=', channel)
            .where('reminder.state', '=', 'sent'),
        ),
      ),
    )
    .orderBy('activation.activated_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    profileId: row.profile_id,
    tokenId: row.token_id,
    activatedAt: row.activated_at,
  }));
}
