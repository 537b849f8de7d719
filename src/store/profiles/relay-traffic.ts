import type { Db } from '../db.ts';

/** The width of a slot. Milliseconds. */
export const slotMs = 5 * 60_000;

/** How long the traffic is kept. Milliseconds. */
const keptMs = 25 * 3_600_000;

/** What the relay did for a profile since the counts were last written. Instants are epoch milliseconds. */
export interface TrafficChange {
  profileId: string;
  slots: { slot: number; succeeded: number; failed: number }[];
  lastSuccessAt: number | null;
  /** `error`: a status of Webex, or a short reason. */
  lastError: { at: number; error: string } | null;
}

export interface Traffic {
  /** By time; slots without requests are absent. */
  slots: { slot: number; succeeded: number; failed: number }[];
  lastSuccessAt: number | null;
  lastError: { at: number; error: string } | null;
}

/** The start of the slot that an instant is in. */
export function slotOf(now: number): number {
  return Math.floor(now / slotMs) * slotMs;
}

/** Adds the counts to those of other replicas, and removes old ones. Profiles that no longer exist are left out. */
export async function addTraffic(db: Db, changes: readonly TrafficChange[], now: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const change of changes) {
      const { profileId } = change;
      const profile = await trx
        .selectFrom('profile')
        .select('id')
        .where('id', '=', profileId)
        .executeTakeFirst();
      if (profile === undefined) continue;
      for (const { slot, succeeded, failed } of change.slots) {
        await trx
          .insertInto('relay_traffic')
          .values({ profile_id: profileId, slot, succeeded, failed })
          .onConflict((conflict) =>
            conflict.columns(['profile_id', 'slot']).doUpdateSet((expression) => ({
              succeeded: expression('relay_traffic.succeeded', '+', succeeded),
              failed: expression('relay_traffic.failed', '+', failed),
            })),
          )
          .execute();
      }
      const state = {
        ...(change.lastSuccessAt !== null && { last_success_at: change.lastSuccessAt }),
        ...(change.lastError !== null && {
          last_error_at: change.lastError.at,
          last_error: change.lastError.error,
        }),
      };
      await trx
        .insertInto('relay_state')
        .values({
          profile_id: profileId,
          last_success_at: null,
          last_error_at: null,
          last_error: null,
          ...state,
        })
        .onConflict((conflict) => conflict.column('profile_id').doUpdateSet(state))
        .execute();
    }
    await trx
      .deleteFrom('relay_traffic')
      .where('slot', '<', now - keptMs)
      .execute();
  });
}

/** The traffic of a profile since an instant; null if the relay was never used for it. */
export async function trafficOf(db: Db, profileId: string, since: number): Promise<Traffic | null> {
  const state = await db
    .selectFrom('relay_state')
    .selectAll()
    .where('profile_id', '=', profileId)
    .executeTakeFirst();
  if (state === undefined) return null;
  const slots = await db
    .selectFrom('relay_traffic')
    .select(['slot', 'succeeded', 'failed'])
    .where('profile_id', '=', profileId)
    .where('slot', '>=', slotOf(since))
    .orderBy('slot')
    .execute();
  const { last_success_at, last_error_at, last_error } = state;
  return {
    slots,
    lastSuccessAt: last_success_at,
    lastError:
      last_error_at === null || last_error === null ? null : { at: last_error_at, error: last_error },
  };
}
